import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { idOf } from '../core/object.ts'
import { soundsSecret } from '../core/secret-names.ts'
import type { Session } from '../db/session.ts'
import { lockText } from '../exporter/lock-text.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { hasOwnQuery, type Resolution, resolutionsIn } from '../manifest/expansion/lock.ts'
import type { Manifest, ParsedManifest } from '../manifest/manifest.ts'
import type { SourceAccess } from '../sources/ask-sources.ts'
import { resolveImports } from '../sources/resolve-imports.ts'

export interface Pinned {
  /** The lock, as YAML. The same as long as neither the sources nor what is asked of them changes. */
  readonly text: string
  readonly tables: number
  readonly indexes: number
  /** What is not in it, and why. */
  readonly warnings: readonly string[]
}

/**
 * Asks the sources what the imports and mirrors of a manifest have, and writes it as a lock. Whatever lock the manifest has
 * already is not looked at. Changes nothing.
 * @throws FdwsyncError if a source could not be asked (`exitCode.undetermined`): half a lock is none
 */
export async function pin(session: Session, parsed: ParsedManifest, sources: SourceAccess): Promise<Pinned> {
  if (parsed.requests.length === 0) {
    throw new FdwsyncError({
      code: 'usage/invalid-argument',
      message: 'there is nothing to pin: the manifest has no imports and no mirrors',
      hint: 'If a lock stands beside it, remove that.',
    })
  }
  refuseSecrets(parsed)
  const { lock: _, ...asked } = parsed
  const resolved = await resolveImports(session, asked, createRunDigests(), sources)
  const { resolutions, undetermined, refusals, warnings } = resolved
  if (resolutions.length < parsed.requests.length) {
    const missed = [...refusals, ...undetermined].filter(({ key }) => idOf(key)?.kind === 'server')
    const problems = missed.map(
      ({ code, title, reason, hint }): Problem => ({
        code,
        message: `${title}: ${reason}`,
        hint,
      }),
    )
    throw new FdwsyncError(problems, exitCode.undetermined)
  }
  return {
    text: lockText(
      parsed.manifest,
      resolutions.map((each) => withAllIndexes(parsed.manifest, each)),
    ),
    tables: resolutions.reduce((count, { tables }) => count + tables.size, 0),
    indexes: resolutions
      .flatMap(({ indexes }) => [...indexes.values()])
      .reduce((count, of) => count + Object.keys(of).length, 0),
    warnings: [
      ...undetermined.map(({ title, reason }) => `${title}: ${reason}`),
      ...warnings.map(({ message }) => message),
    ],
  }
}

/** So that of a table without an entry it is known that nobody asked: what has a query of its own needs none of them. */
function withAllIndexes(manifest: Manifest, resolution: Resolution): Resolution {
  const { request, tables, indexes } = resolution
  if (!request.withIndexes) return resolution
  const asked = [...tables.keys()].filter((table) => !hasOwnQuery(manifest, request, table))
  return { ...resolution, indexes: new Map(asked.map((table) => [table, indexes.get(table) ?? {}])) }
}

/** A lock tells how a source was asked, and is read by whoever may read the repository. */
function refuseSecrets({ requests, place }: ParsedManifest): void {
  const problems = requests.flatMap(({ path, options }) =>
    Object.keys(options)
      .filter(soundsSecret)
      .map(
        (name): Problem => ({
          code: 'secret/exposed',
          message: `the option "${name}" can not be pinned: its value would stand in the lock`,
          place: place([...path, 'options', name]),
          hint: 'Put it into a user mapping of the server: user_mappings: { role: { … } }.',
        }),
      ),
  )
  if (problems.length > 0) throw new FdwsyncError(problems)
}

/** The text of the lock that a manifest has, as `pin` would write what it says. */
export function pinnedText(lock: ParsedManifest): string {
  return lockText(lock.manifest, resolutionsIn(lock))
}
