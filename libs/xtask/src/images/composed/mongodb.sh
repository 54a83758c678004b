#!/bin/bash
# What the entrypoint of MongoDB's image does: on an empty volume it makes the root user and runs
# the scripts that lie ready, with a server that only this container reaches; then it serves.
set -euo pipefail

if [ ! -e /data/db/WiredTiger ]; then
    mongod --dbpath /data/db --fork --logpath /proc/1/fd/1 --bind_ip 127.0.0.1 --pidfilepath /tmp/first
    mongosh --quiet admin --eval 'db.createUser({user: process.env.MONGO_INITDB_ROOT_USERNAME,
        pwd: process.env.MONGO_INITDB_ROOT_PASSWORD, roles: ["root"]})'
    for script in /docker-entrypoint-initdb.d/*.js; do
        mongosh --quiet "$script"
    done
    mongod --dbpath /data/db --shutdown
fi
exec "$@" --auth
