"""Talks to an echo over TCP from many connections at once and counts: tcp_echo_client.py IP:PORT CONNECTIONS SECONDS.

Each connection carries some exchanges of different sizes, ends with a half close, must see the other side end too, and
is opened anew. Prints "done N failed M", then what failed.
"""
import asyncio
import os
import sys
import time

PATIENCE = 60
SIZES = (1, 100, 1400, 9000, 70000)
failures = []
done = 0


async def connection(host, port, number):
    global done
    what = "connect"
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
        for turn in range(10):
            data = os.urandom(SIZES[(number + turn) % len(SIZES)])
            what = f"exchange {turn} of {len(data)} bytes"
            writer.write(data)
            await asyncio.wait_for(writer.drain(), PATIENCE)
            back = await asyncio.wait_for(reader.readexactly(len(data)), PATIENCE)
            if back != data:
                raise ValueError("other bytes came back")
            done += 1
        what = "half close"
        writer.write_eof()
        if await asyncio.wait_for(reader.read(1), PATIENCE):
            raise ValueError("bytes after the end")
        writer.close()
    except Exception as e:  # whatever happens is a failed exchange
        failures.append(f"{what}: {e!r}")
        await asyncio.sleep(0.05)


async def client(host, port, until, number):
    await connection(host, port, number)
    while time.monotonic() < until:
        await connection(host, port, number)


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    until = time.monotonic() + float(sys.argv[3])
    await asyncio.gather(*(client(host, int(port), until, n) for n in range(int(sys.argv[2]))))
    print(f"done {done} failed {len(failures)}")
    for f in failures[:10]:
        print(f)


asyncio.run(main())
