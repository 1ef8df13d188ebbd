import { existsSync } from 'node:fs'
import { status as statusOf } from '../../api/status.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { KindName } from '../../core/object.ts'
import type { StatusReport } from '../../core/status.ts'
import { declaredKinds } from '../../kinds/registry.ts'
import { statusJson } from '../../render/json/plan.ts'
import { renderStatusText } from '../../render/text/status.ts'
import { columnsOf, connectionOf, connectorFor, loadLockedManifest, styleOf } from '../environment.ts'

export interface StatusFlags {
  readonly file?: string
  readonly database?: string
  readonly format: 'text' | 'json'
  readonly kind: readonly string[]
  readonly all?: boolean
  readonly check?: boolean
  readonly checkSource?: boolean
  readonly sourceTimeout: number
}

const defaultFile = 'fdwsync.yaml'

/** Lists what the manifests of a database own, and how it is. */
export async function status(pattern: string | undefined, flags: StatusFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const chosen = flags.kind.map(kindNamed)
  const file = flags.file ?? (existsSync(defaultFile) ? defaultFile : undefined)
  const manifest = file === undefined ? undefined : await loadLockedManifest(file)
  if (flags.checkSource && !manifest) {
    const hint = 'Name it with -f FILE.'
    throw new FdwsyncError(
      {
        code: 'usage/invalid-argument',
        message: '--check-source needs a manifest: it says what the sources should have',
        hint,
      },
      exitCode.usage,
    )
  }
  const connect = connectorFor(settings, manifest?.secrets ?? [])
  const sources = flags.checkSource ? { connect, timeoutMilliseconds: flags.sourceTimeout } : undefined
  const session = await connect('status')
  try {
    const report = await statusOf(session, { pattern, kinds: chosen, all: flags.all ?? false, manifest, sources })
    process.stdout.write(
      flags.format === 'json'
        ? `${JSON.stringify(statusJson(report), undefined, 2)}\n`
        : renderStatusText(report, { style: styleOf('stdout'), columns: columnsOf() }),
    )
    return flags.check ? checkCodeOf(report) : exitCode.done
  } finally {
    await session.close()
  }
}

/** `foreign-table`, `foreign table` and `foreignTable` alike. */
function kindNamed(text: string): KindName {
  const found = declaredKinds.find(({ kind }) => kind.toLowerCase() === text.replace(/[\s_-]/g, '').toLowerCase())
  if (found) return found.kind
  const names = declaredKinds.map(({ kind }) => kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  throw new FdwsyncError(
    { code: 'usage/invalid-argument', message: `there is no kind "${text}"`, hint: `Kinds are ${names.join(', ')}.` },
    exitCode.usage,
  )
}

function checkCodeOf({ objects, manifest }: StatusReport): number {
  const has = (...states: readonly string[]) => objects.some(({ state }) => states.includes(state))
  if (has('drifted', 'missing', 'not populated')) return exitCode.changes
  // Without its manifest much can't be known, and that is nothing to wake people for.
  return manifest !== undefined && has('unknown') ? exitCode.undetermined : exitCode.done
}
