// A user for each service, in the database that it may use and no other. It runs once, when the
// volume of the database is empty.
for (const service of ["gateway", "ingest", "ai", "tts"]) {
  const database = `lectern_${service}`;
  const password = process.env[`${service.toUpperCase()}_PASSWORD`];
  const roles = [{ role: "readWrite", db: database }];
  db.getSiblingDB(database).createUser({ user: service, pwd: password, roles });
}
