"""Calls /echo.Echo/Say with grpcio: grpc_client.py IP:PORT CALLS. Prints "done N failed M", then what failed."""
import sys

import grpc

done, failures = 0, []
with grpc.insecure_channel(sys.argv[1]) as channel:
    say = channel.unary_unary("/echo.Echo/Say", request_serializer=bytes, response_deserializer=bytes)
    for n in range(int(sys.argv[2])):
        message = b"message %d " % n * (n + 1)
        try:
            answer, call = say.with_call(message, timeout=30)
            if answer != message or call.code() != grpc.StatusCode.OK:
                raise ValueError(f"{call.code()}: {answer[:40]!r}")
            done += 1
        except Exception as e:  # whatever happens is a failed call
            failures.append(repr(e))
print(f"done {done} failed {len(failures)}")
for f in failures[:5]:
    print(f)
