"""llama.cpp's own server with one model, on one thread, until its standard input ends.

usage: serve.py MODEL ALIAS TOKENS_OF_CONTEXT KEY_FILE

Its first line is the address that it listens on.
"""

import os
import sys

import xllamacpp

model, alias, context, key_file = sys.argv[1:5]
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.model_alias = {alias}
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0
parameters.n_ctx = int(context)
parameters.n_parallel = 1
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
parameters.n_threads_http = 2
with open(key_file) as file:
    parameters.api_keys = [file.read().strip()]
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
# The server's threads do not end by themselves.
os._exit(0)
