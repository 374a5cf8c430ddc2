# SPDX-License-Identifier: BSD-2-Clause
"""A server farther away than it is: slow_relay.py ADDRESS PORT TO MSEC

passes what comes to ADDRESS:PORT on to ADDRESS:TO at once, and what comes
back MSEC milliseconds later. In a process of its own, so that its loop has
no other work. Prints "ready".
"""

import asyncio
import sys


async def forward(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def forward_later(reader, writer, delay_sec):
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(delay_sec, writer.write, data)
    loop.call_later(delay_sec, writer.close)


async def main(address, port, to, msec):
    async def serve(reader, writer):
        try:
            back, forth = await asyncio.open_connection(address, int(to))
            await asyncio.gather(
                forward(reader, forth),
                forward_later(back, writer, int(msec) / 1000))
        except OSError:
            writer.close()

    server = await asyncio.start_server(serve, address, int(port),
                                        backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
