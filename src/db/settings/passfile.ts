// Finds a password in a passfile, by libpq's rules.

import type { ConnectionFiles } from './files.ts'

/** The password for a connection, or a note on why the passfile has none. */
export interface PassfileAnswer {
  readonly password?: string
  readonly note?: string
}

interface Target {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** The first line that matches wins: `host:port:database:user:password`, with `*` for any value. */
export function passwordFromFile(path: string, target: Target, files: ConnectionFiles): PassfileAnswer {
  const text = files.readFile(path)
  if (text === undefined) return {}
  const mode = files.fileMode?.(path)
  if (mode !== undefined && (mode & 0o077) !== 0) {
    return { note: `the passfile ${path} was ignored because other users can read it; run chmod 600 ${path}` }
  }
  // For libpq, `localhost` also matches the folder of a Unix socket.
  const hosts = target.host.startsWith('/') ? [target.host, 'localhost'] : [target.host]
  for (const line of text.split(/\r?\n/)) {
    const fields = line.startsWith('#') ? [] : splitFields(line)
    const [host, port, database, user, password] = fields
    if (password === undefined || host === undefined) continue
    const matches = [
      host === '*' || hosts.includes(host),
      port === '*' || port === String(target.port),
      database === '*' || database === target.database,
      user === '*' || user === target.user,
    ]
    if (matches.every(Boolean)) return { password }
  }
  return { note: `the passfile ${path} has no matching line` }
}

/** The five fields of a line. An unescaped `:` ends each of the first four; the rest is the password. */
function splitFields(line: string): readonly string[] {
  const match = /^((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):(.*)$/.exec(line)
  return (match ?? []).slice(1).map((field) => field.replaceAll(/\\(.)/g, '$1'))
}
