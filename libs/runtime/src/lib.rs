//! Configuration, telemetry, health, shutdown and bootstrap of a service process.
