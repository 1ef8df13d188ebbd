// `fdwsync init`: writes a first manifest.

import { existsSync } from 'node:fs'
import { exitCode, FdwsyncError, usageError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { inspectSource, type Starter, type StarterOptions, starterManifest } from '../../library/author.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { targetOf } from '../environment.ts'
import { printMessage, printResult } from '../output.ts'
import { writeAtomically } from '../write-file.ts'
import { askForStarter } from './init-questions.ts'

export interface InitFlags {
  /** Where to write it; `-` is standard output. */
  readonly out: string
  readonly name?: string
  readonly fromSource?: string
  readonly host: string
  readonly port: number
  readonly dbname?: string
  readonly user?: string
  readonly schema: readonly string[]
  readonly into?: string
  readonly as: 'materialized_views' | 'tables'
}

/** @param given the options that were typed: if there are none but `out`, the questions are asked on the terminal */
export async function init(flags: InitFlags, given: readonly string[]): Promise<number> {
  if (flags.out !== '-' && existsSync(flags.out)) {
    const hint = 'Name another file with --out, or write to standard output with --out -.'
    throw usageError(`${flags.out} exists already`, hint)
  }
  const file = flags.out === '-' ? 'fdwsync.yaml' : flags.out
  const asks = given.every((option) => option === 'out')
  const options = asks ? await askForStarter() : await starterOf(flags)
  const starter = starterManifest({ ...options, file })
  await requireValid(starter)
  if (flags.out === '-') printResult(starter.text)
  else {
    await writeAtomically(file, starter.text, { what: 'the manifest', code: 'manifest/unreadable' })
    printMessage(`wrote ${oneLine(file)}: mirrors ${oneLine(options.source.schemas.join(', '))}\n`)
  }
  printMessage(nextSteps(starter, flags.out))
  return exitCode.done
}

function nextSteps({ variables }: Starter, out: string): string {
  const exports = variables.map(({ name, meaning }) => `export ${name}=…    # ${oneLine(meaning)}`)
  const file = ['-', 'fdwsync.yaml'].includes(out) ? '' : ` -f ${shellWord(oneLine(out))}`
  const database = 'export DATABASE_URL=…    # the target: postgresql://role@host/database'
  const commands = ['validate', 'plan', 'apply'].map((command) => `fdwsync ${command}${file}`)
  return `next:\n${[...exports, database, ...commands].map((line) => `  ${line}\n`).join('')}`
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

async function starterOf(flags: InitFlags): Promise<Omit<StarterOptions, 'file'>> {
  const { fromSource, into: schema, as } = flags
  if (fromSource === undefined) return { ...declaredStarter(flags), schema, as }
  const source = await existingSource(fromSource, flags)
  return { name: flags.name ?? source.database, source, schema, as }
}

function declaredStarter({ host, port, schema, ...given }: InitFlags): Pick<StarterOptions, 'name' | 'source'> {
  const name = given.name ?? given.dbname ?? 'shop'
  const { dbname: database = name, user = `${name}_reader` } = given
  return {
    name,
    source: { host, port, database, user, schemas: schema.length > 0 ? [...new Set(schema)] : ['public'] },
  }
}

/** The password in the URL is used to read the source, and written nowhere. */
async function existingSource(url: string, { schema }: InitFlags): Promise<StarterOptions['source']> {
  const source = await inspectSource(targetOf({ database: url }))
  const found = source.schemas
  const missing = schema.find((name) => !found.includes(name))
  if (missing !== undefined || found.length === 0) throw nothingToMirror(missing, found)
  return { ...source, schemas: schema.length > 0 ? [...new Set(schema)] : found }
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

/** Names can be too long, or reserved. */
async function requireValid({ text }: Starter): Promise<void> {
  const readStandardInput = () => Promise.resolve(Buffer.from(text))
  try {
    await loadManifest('-', { resolve: false, lock: false, readStandardInput })
  } catch (error) {
    if (!(error instanceof FdwsyncError)) throw error
    const hint = 'Choose another name (--name), or another schema for the copies (--into).'
    throw usageError(`the manifest would be invalid: ${error.problems[0]?.message}`, hint)
  }
}
