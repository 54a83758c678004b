//! For tests only: starts and stops real servers and our own processes.
