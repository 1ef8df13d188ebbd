// An editor, as yaml-language-server sees it: it opens a file, and asks for completion, hover and diagnostics over standard input.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

interface Position {
  readonly line: number
  readonly character: number
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

export interface Editor {
  /** The diagnostics of a file: `3:1 message`. */
  diagnostics(path: string): Promise<readonly string[]>
  /** The completions at `|` in the last line that has one. The bar is not part of the text. */
  completions(path: string, text: string): Promise<readonly string[]>
  hover(path: string, position: Position): Promise<string>
  close(): void
}

const require = createRequire(import.meta.url)
const server = require.resolve('yaml-language-server/bin/yaml-language-server')

export async function startEditor(): Promise<Editor> {
  const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = new Map<number | string, (value: unknown) => void>()
  const send = (message: object) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const answered = <Answer>(key: number | string) =>
    new Promise<Answer>((resolve) => waiting.set(key, (value) => resolve(value as Answer))) // as the protocol defines it
  let id = 0
  const request = <Answer>(method: string, params: object): Promise<Answer> => {
    id += 1
    send({ id, method, params })
    return answered<Answer>(id)
  }
  const receive = ({ id: of, method, params, result }: Message) => {
    // The server asks for settings, and to be allowed to watch files.
    if (method !== undefined && of !== undefined)
      send({ id: of, result: method === 'workspace/configuration' ? [{}] : null })
    else if (method === 'textDocument/publishDiagnostics') waiting.get((params as { uri: string }).uri)?.(params)
    else if (of !== undefined) waiting.get(of)?.(result)
  }
  child.stdout.on('data', framed(receive))
  await request('initialize', { processId: process.pid, rootUri: null, capabilities: {} })
  send({ method: 'initialized', params: {} })
  let version = 0
  const open = (uri: string, text: string) => {
    version += 1
    send({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'yaml', version, text } } })
  }
  return {
    async diagnostics(path) {
      const uri = pathToFileURL(path).href
      const published = answered<{ diagnostics: readonly { range: { start: Position }; message: string }[] }>(uri)
      open(uri, readFileSync(path, 'utf8'))
      const { diagnostics } = await published
      return diagnostics.map(({ range: { start }, message }) => `${start.line + 1}:${start.character + 1} ${message}`)
    },
    async completions(path, text) {
      const uri = pathToFileURL(path).href
      const at = text.lastIndexOf('|')
      const before = text.slice(0, at).split('\n')
      open(uri, text.slice(0, at) + text.slice(at + 1))
      const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
      const params = { textDocument: { uri }, position }
      const { items } = await request<{ items: readonly { label: string }[] }>('textDocument/completion', params)
      return items.map(({ label }) => label)
    },
    async hover(path, position) {
      const uri = pathToFileURL(path).href
      open(uri, readFileSync(path, 'utf8'))
      const found = await request<{ contents: { value: string } } | null>('textDocument/hover', {
        textDocument: { uri },
        position,
      })
      return found?.contents.value ?? ''
    },
    close: () => void child.kill(),
  }
}

/** Calls back for each message in a stream of them, however it is cut into pieces. */
function framed(receive: (message: Message) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const end = rest.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/.exec(rest.subarray(0, Math.max(end, 0)).toString())?.[1])
      if (end < 0 || rest.length < end + 4 + length) return
      const body = rest.subarray(end + 4, end + 4 + length).toString()
      rest = rest.subarray(end + 4 + length)
      receive(JSON.parse(body))
    }
  }
}
