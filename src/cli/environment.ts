import { existsSync, readFileSync, statSync } from 'node:fs'
import { Chalk, type ChalkInstance, supportsColor, supportsColorStderr } from 'chalk'
import { FdwsyncError, formatProblem } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Connect } from '../db/connect.ts'
import { openSession } from '../db/session.ts'
import { type ConnectionSettings, connectionSettings } from '../db/settings.ts'
import { checkFragments } from '../manifest/checks/sql-fragments.ts'
import { lockedResolutions } from '../manifest/expansion/lock.ts'
import { loadLock, lockPathOf, type ManifestText, readManifestText } from '../manifest/load.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import { parseManifest } from '../manifest/parse.ts'
import { planWithoutParsing } from '../planner/fast-path.ts'

/** Reads and checks a manifest, and passes its warnings on. */
export async function manifestOf(file: string, resolve = true): Promise<ParsedManifest> {
  return checked(await textOf(file, resolve))
}

/** So long a text takes longer to parse than the server to tell whether anything has changed since it was applied. */
const longText = 1 << 20

/** A manifest with its lock; or, of a long one that is in place as it was proven to be, the plan of nothing, for which it is not parsed. */
export async function manifestOrPlan(
  file: string,
  settings: ConnectionSettings,
  isToBeRead = false,
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: Plan }> {
  const text = await textOf(file, true)
  const isLocked = file !== '-' && existsSync(lockPathOf(file))
  if (isToBeRead || isLocked || text.bytes.byteLength < longText) {
    return { parsed: await withLock(file, await checked(text)) }
  }
  const session = await connectTo(settings, [])('plan')
  try {
    const known = await planWithoutParsing(session, text)
    if (known) return { inPlace: known.plan }
  } finally {
    await session.close()
  }
  return { parsed: await checked(text) }
}

function textOf(file: string, resolve: boolean): Promise<ManifestText> {
  return readManifestText({ path: file, env: process.env, readStandardInput, unresolved: !resolve })
}

async function checked({ file, bytes, references }: ManifestText): Promise<ParsedManifest> {
  const parsed = await parseManifest(file, bytes, references)
  await checkFragments(parsed)
  for (const warning of parsed.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`)
  return parsed
}

/** As {@link manifestOf}, with the lock that stands beside it, if one does. What comes from standard input has none. */
export async function lockedManifestOf(file: string, resolve = true): Promise<ParsedManifest> {
  return withLock(file, await manifestOf(file, resolve))
}

async function withLock(file: string, parsed: ParsedManifest): Promise<ParsedManifest> {
  const lock = file === '-' ? undefined : await loadLock(lockPathOf(file))
  if (!lock) return parsed
  await checkFragments(lock)
  const locked = { ...parsed, lock }
  // References that are left as they are fit nothing.
  if (!parsed.isUnresolved) lockedResolutions(locked)
  return locked
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function settingsOf(database: string | undefined): ConnectionSettings {
  const readFile = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  }
  const fileMode = (path: string) => statSync(path, { throwIfNoEntry: false })?.mode
  return connectionSettings({ env: process.env, readFile, fileMode, ...(database === undefined ? {} : { database }) })
}

/** Opens sessions whose purpose the server shows, and whose messages show no secret of the manifest. */
export function connectTo(settings: ConnectionSettings, redact: readonly Secret[]): Connect {
  return (purpose, secrets = []) => openSession(settings, { purpose, secrets, redact })
}

/** Colour only for a terminal, and not if NO_COLOR asks for none. */
export function styleOf(stream: 'stdout' | 'stderr'): ChalkInstance {
  const level = stream === 'stdout' ? supportsColor : supportsColorStderr
  return new Chalk({ level: process.env.NO_COLOR || !process[stream].isTTY || !level ? 0 : level.level })
}

/** The width of standard output; 80 where it is no terminal. */
export function columnsOf(): number {
  return process.stdout.columns || 80
}

/** Aborts at the first interruption, so that what runs is cancelled and reported. A second one ends the process. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () =>
      controller.abort(new FdwsyncError({ code: 'usage/interrupted', message: `interrupted by ${signal}` })),
    )
  }
  return controller.signal
}
