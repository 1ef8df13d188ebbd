import type { ConnectionFiles } from './files.ts'

/** What the passfile says for one connection, or why it says nothing. */
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

/** Looks a password up as libpq does: the first line that matches `host:port:database:user:password`, `*` for any. */
export function passwordFromFile(path: string, target: Target, files: ConnectionFiles): PassfileAnswer {
  const text = files.readFile(path)
  if (text === undefined) return {}
  const mode = files.fileMode?.(path)
  if (mode !== undefined && (mode & 0o077) !== 0) {
    return { note: `the passfile ${path} was ignored, since others may read it: chmod 600 ${path}` }
  }
  // libpq takes a Unix socket's folder for `localhost` too.
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
  return { note: `the passfile ${path} has no line for it` }
}

/** The five fields of a line. In the first four a `:` ends the field unless a backslash precedes it; the rest is the password. */
function splitFields(line: string): readonly string[] {
  const match = /^((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):(.*)$/.exec(line)
  return (match ?? []).slice(1).map((field) => field.replaceAll(/\\(.)/g, '$1'))
}
