// Sends a cancel request for what a connection is running. The driver cannot do this over TLS, nor to a specific server
// behind a host name.

import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { cancelKey, type OpenClient } from './client.ts'

const deadlineMilliseconds = 5000

/** The codes of PostgreSQL's protocol for messages that come before any other. */
const sslRequestCode = 80877103
const cancelRequestCode = 80877102

/**
 * Asks the server, over a second connection, to cancel what the client is running. Resolves when the server has closed
 * that connection: it has then delivered the request, which can no longer hit a statement that is sent afterwards. The
 * request is encrypted if the client's connection is. Rejects if it could not be delivered.
 */
export async function requestCancel({ client, address, tls }: OpenClient, serverName: string): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMilliseconds)
  const plain = connect({ ...address, signal })
  plain.on('error', () => {})
  try {
    await once(plain, 'connect', { signal })
    if (!tls) return await deliver(plain, client, signal)
    plain.write(message(sslRequestCode))
    const [answer] = await once(plain, 'data', { signal })
    if (String(answer) !== 'S') throw new Error('the server refuses TLS')
    // Most commands never need it, and it takes milliseconds to load.
    const { connect: connectTls } = await import('node:tls')
    const socket = connectTls({
      ...tls,
      socket: plain,
      host: serverName,
      ...(isIP(serverName) === 0 && { servername: serverName }),
    })
    socket.on('error', () => {})
    await once(socket, 'secureConnect', { signal })
    await deliver(socket, client, signal)
  } finally {
    plain.destroy()
  }
}

async function deliver(
  socket: NodeJS.WritableStream,
  client: OpenClient['client'],
  signal: AbortSignal,
): Promise<void> {
  const { processID, secretKey } = cancelKey(client)
  // Do not end the socket: PgBouncer drops the request of a client that has disconnected.
  socket.write(message(cancelRequestCode, processID, secretKey))
  await once(socket, 'close', { signal })
}

/** A protocol message without a type byte: its length, then 32-bit integers. */
function message(...integers: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 + 4 * integers.length)
  buffer.writeInt32BE(buffer.length, 0)
  for (const [index, integer] of integers.entries()) buffer.writeInt32BE(integer, 4 + 4 * index)
  return buffer
}
