// `fdwsync init`: writes a first manifest.

import { existsSync } from 'node:fs'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { inspectSource, type StarterSource, starterManifest } from '../../library/author.ts'
import { targetOf } from '../environment.ts'
import { printMessage, printResult } from '../output.ts'
import { writeAtomically } from '../write-file.ts'

export interface InitFlags {
  /** Where to write it; `-` is standard output. */
  readonly out: string
  readonly name: string
  readonly fromSource?: string
  readonly host: string
  readonly port: number
  readonly dbname?: string
  readonly user?: string
  readonly schema: readonly string[]
}

export async function init(flags: InitFlags): Promise<number> {
  if (flags.out !== '-' && existsSync(flags.out)) {
    const hint = 'Name another file with --out, or write to standard output with --out -.'
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: `${flags.out} exists already`, hint },
      exitCode.usage,
    )
  }
  const source = flags.fromSource === undefined ? declaredSource(flags) : await existingSource(flags.fromSource, flags)
  const { text, variables } = starterManifest(flags.name, source, flags.out === '-' ? 'fdwsync.yaml' : flags.out)
  if (flags.out === '-') printResult(text)
  else await writeAtomically(flags.out, text, { what: 'the manifest', code: 'manifest/unreadable' })
  const todo = variables.map(({ name, meaning }) => `  export ${name}=…    # ${oneLine(meaning)}\n`).join('')
  const file = flags.out === '-' ? '' : `wrote ${oneLine(flags.out)}: mirrors ${oneLine(source.schemas.join(', '))}\n`
  printMessage(`${file}next:\n${todo}  fdwsync validate\n  fdwsync plan --database TARGET\n`)
  return exitCode.done
}

function declaredSource({ name, host, port, dbname, user, schema }: InitFlags): StarterSource {
  const schemas = schema.length > 0 ? schema : ['public']
  return { host, port, database: dbname ?? name, user: user ?? `${name}_reader`, schemas }
}

/** The password of the URL is used to look, and written nowhere. */
async function existingSource(url: string, { schema }: InitFlags): Promise<StarterSource> {
  const source = await inspectSource(targetOf({ database: url }))
  const found = source.schemas
  const missing = schema.find((name) => !found.includes(name))
  if (missing !== undefined || found.length === 0) throw nothingToMirror(missing, found)
  return { ...source, schemas: schema.length > 0 ? schema : found }
}

function nothingToMirror(missing: string | undefined, found: readonly string[]): FdwsyncError {
  const message =
    missing === undefined
      ? 'the source has nothing to mirror'
      : `the source has nothing to mirror in schema "${missing}"`
  const hint =
    found.length === 0 ? 'Its role may use no schema with tables.' : `Schemas with tables are ${found.join(', ')}.`
  return new FdwsyncError({ code: 'source/not-found', message, hint })
}
