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
export async function loadManifest(file: string, resolve = true): Promise<ParsedManifest> {
  return parseAndCheck(await readText(file, resolve))
}

/** So long a text takes longer to parse than the server to tell whether anything has changed since it was applied. */
const fastPathBytes = 1 << 20

/** A manifest with its lock; or, of a long one that is in place as it was proven to be, the plan of nothing, for which it is not parsed. */
export async function loadManifestOrPlan(
  file: string,
  settings: ConnectionSettings,
  mustParse = false,
): Promise<{ readonly parsed: ParsedManifest } | { readonly inPlace: Plan }> {
  const text = await readText(file, true)
  const isLocked = file !== '-' && existsSync(lockPathOf(file))
  if (mustParse || isLocked || text.bytes.byteLength < fastPathBytes) {
    return { parsed: await attachLock(file, await parseAndCheck(text)) }
  }
  const session = await connectorFor(settings, [])('plan')
  try {
    const known = await planWithoutParsing(session, text)
    if (known) return { inPlace: known.plan }
  } finally {
    await session.close()
  }
  return { parsed: await parseAndCheck(text) }
}

function readText(file: string, resolve: boolean): Promise<ManifestText> {
  return readManifestText({ path: file, env: process.env, readStandardInput, unresolved: !resolve })
}

async function parseAndCheck({ file, bytes, references }: ManifestText): Promise<ParsedManifest> {
  const parsed = await parseManifest(file, bytes, references)
  await checkFragments(parsed)
  for (const warning of parsed.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`)
  return parsed
}

/** As {@link loadManifest}, with the lock that stands beside it, if one does. What comes from standard input has none. */
export async function loadLockedManifest(file: string, resolve = true): Promise<ParsedManifest> {
  return attachLock(file, await loadManifest(file, resolve))
}

async function attachLock(file: string, parsed: ParsedManifest): Promise<ParsedManifest> {
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

export function connectionOf(database: string | undefined): ConnectionSettings {
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
export function connectorFor(settings: ConnectionSettings, redact: readonly Secret[]): Connect {
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
