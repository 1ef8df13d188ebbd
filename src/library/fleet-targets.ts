// Reads a file of targets: the databases that one command runs on.

import { readFile } from 'node:fs/promises'
import { isMap } from '../core/data.ts'
import { exitCode, FdwsyncError, type Problem, usageError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'
import { type ManifestDocument, parseFile } from '../manifest/document.ts'

/** One database of a fleet. */
export interface FleetTarget {
  readonly name: string
  /** The variables of the environment that name the database. */
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Values of variables of the manifest. */
  readonly vars: Readonly<Record<string, string>>
}

type Variables = Readonly<Record<string, string | undefined>>
type Data = Readonly<Record<string, unknown>>

/**
 * @param env what `${env:NAME}` in a URL resolves to
 * @throws FdwsyncError with every problem and its place
 */
export async function readTargets(path: string, env: Variables): Promise<readonly FleetTarget[]> {
  const bytes = await readFile(path).catch((error) => {
    throw usageError(`the targets ${path} cannot be read: ${fileFailure(error)}`)
  })
  const document = parseFile({ file: path, bytes, references: undefined })
  const problems: Problem[] = []
  const note = (at: readonly string[], message: string, hint?: string) =>
    problems.push({
      code: 'usage/invalid-argument',
      message,
      place: document.place(at, true),
      ...(hint === undefined ? {} : { hint }),
    })
  const targets = targetsIn(document, env, note)
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.usage)
  return targets
}

type Note = (at: readonly string[], message: string, hint?: string) => void

function targetsIn({ data }: ManifestDocument, env: Variables, note: Note): readonly FleetTarget[] {
  const { targets, ...others } = isMap(data) ? data : {}
  for (const key of Object.keys(others)) note([key], `unknown key "${key}"`, 'The only key here is targets.')
  if (!isMap(targets) || Object.keys(targets).length === 0) {
    note(['targets'], 'there are no targets', 'Name them: targets: { eu: { database: "postgresql://…" } }.')
    return []
  }
  return Object.entries(targets).map(([name, target]) => targetOf(name, target, env, note))
}

const keys = ['database', 'service', 'labels', 'vars']

function targetOf(name: string, target: unknown, env: Variables, note: Note): FleetTarget {
  const at = ['targets', name]
  const given: Data = isMap(target) ? target : { database: target }
  for (const key of Object.keys(given)) {
    if (!keys.includes(key)) note([...at, key], `unknown key "${key}"`, `Valid keys here: ${keys.join(', ')}.`)
  }
  const { database, service, labels = {}, vars = {} } = given
  if ((typeof database === 'string') === (typeof service === 'string')) {
    note(at, `"${name}" needs either a database (a URL) or a service of libpq`)
  }
  if (service === '') note([...at, 'service'], '"service" is empty')
  const texts = (key: string, value: unknown): Readonly<Record<string, string>> => {
    if (isMap(value) && Object.values(value).every((each) => typeof each === 'string'))
      return value as Record<string, string> // checked
    note([...at, key], `"${key}" must be a map of texts`)
    return {}
  }
  return {
    name,
    env:
      typeof service === 'string'
        ? { PGSERVICE: service }
        : { DATABASE_URL: resolved(String(database), env, (message) => note([...at, 'database'], message)) },
    labels: texts('labels', labels),
    vars: texts('vars', vars),
  }
}

/** An empty URL would leave the choice of a database to the environment, so it is an error. */
function resolved(url: string, env: Variables, note: (message: string) => void): string {
  const missing = Array.from(url.matchAll(reference)).filter(([, name = '']) => env[name] === undefined)
  for (const [text] of missing) note(`${text}: the variable is not set`)
  const text = url.replace(reference, (_, name: string) => env[name] ?? '')
  if (text === '' && missing.length === 0) note(url === '' ? 'the URL is empty' : `${url}: the URL is empty`)
  return text
}

const reference = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g
