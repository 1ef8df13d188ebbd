// A TCP proxy in front of a server that can cut, hold or refuse connections.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * - `forward`: everything passes.
 * - `silent`: connections are accepted and never answered.
 * - `refuse`: connections are closed at once.
 */
export type ProxyMode = 'forward' | 'silent' | 'refuse'

export interface Proxy {
  readonly port: number
  mode: ProxyMode
  /** Closes all connections. */
  cut(): void
  /** How many connections were opened. */
  readonly connections: number
  /**
   * Decides what happens to data that a client sends; undefined forwards it. `greeting` is the last message that named the
   * connection: the startup packet, or a SET of application_name.
   */
  onSend: (data: Buffer, greeting: string) => 'cut' | 'send-and-cut' | 'swallow' | undefined
}

/** Starts a proxy that lasts until the test is over. */
export async function proxyTo(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  let connections = 0
  const server = createServer((client) => {
    keep(client)
    connections += 1
    if (proxy.mode === 'refuse') return void client.destroy()
    if (proxy.mode === 'silent') return
    const upstream = connect(target)
    keep(upstream)
    let greeting = ''
    let isCut = false
    client.on('data', (data) => {
      const text = data.toString('latin1')
      if (greeting === '' || text.includes('SET application_name')) greeting = text
      const fate = proxy.onSend(data, greeting)
      if (fate === 'cut') {
        client.destroy()
        return void upstream.destroy()
      }
      if (fate === 'swallow') return
      isCut ||= fate === 'send-and-cut'
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      // The answer shows that the server has done it. The client must not see it.
      if (isCut) return void client.destroy()
      client.write(data)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = {
    port,
    mode: 'forward' as ProxyMode,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    get connections() {
      return connections
    },
    onSend: (() => undefined) as Proxy['onSend'],
  }
  onTestFinished(() => {
    proxy.cut()
    server.close()
  })
  return proxy
}

/** The URL of a server, through a proxy. */
export function through(proxy: Proxy, url: string): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(proxy.port)
  changed.searchParams.set('sslmode', 'disable')
  return changed.href
}
