// What a plan reports of findings: problems end it, undetermined objects are listed, and what cannot be created is refused.

import type { Change } from '../core/change.ts'
import type { ProblemCode } from '../core/codes.ts'
import { FdwsyncError, type Place, type Problem } from '../core/errors.ts'
import type { ProbeFinding, SqlPosition } from '../core/finding.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { Refusal, Undetermined } from '../core/plan.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { fragmentAt, namedAt } from '../manifest/checks/fragment-places.ts'
import type { ParsedManifest, Path } from '../manifest/manifest.ts'
import type { PlanContext } from './context.ts'

type Titles = ReadonlyMap<Key, string>

/**
 * @param causes what could not be imported. It is reported first, since a relation may be missing because of it.
 * @throws FdwsyncError if any finding is a problem, with its place in the manifest
 */
export function throwProblems(
  { declared, resolved }: Pick<PlanContext, 'declared' | 'resolved'>,
  findings: readonly ProbeFinding[],
  causes: readonly (Refusal | Undetermined)[] = [],
): void {
  const objects = new Map(declared.map((object) => [keyOf(object.id), object]))
  const problems = findings.flatMap(({ code, key, status, reason, hint, position }): readonly Problem[] => {
    if (status !== 'problem') return []
    const object = objects.get(key)
    const place = placeOf(resolved.expanded, object?.path ?? [], reason, position)
    return [{ code, message: `${object ? titleOf(object.id) : key}: ${reason}`, place, ...(hint ? { hint } : {}) }]
  })
  if (problems.length === 0) return
  const unusable = unusableServers(findings)
  throw new FdwsyncError([...causes.filter(({ key }) => !unusable.has(key)).map(asProblem), ...problems])
}

/** The keys of servers that cannot be created as declared, so nothing could be imported through them: the server is the cause, not the import. */
function unusableServers(findings: readonly ProbeFinding[]): ReadonlySet<Key> {
  return new Set(
    findings.flatMap(({ key, status }) => {
      const id = status === 'problem' ? idOf(key) : undefined
      if (id?.kind === 'userMapping') return [keyOf({ kind: 'server', name: id.server })]
      return id?.kind === 'server' ? [key] : []
    }),
  )
}

/** The place of the SQL in which the server found an error, or of the name that it quotes, or else of the object. */
function placeOf(manifest: ParsedManifest, path: Path, reason: string, position: SqlPosition | undefined): Place {
  const [, name = ''] = /"([^"]+)"/.exec(reason) ?? []
  const found = position ? fragmentAt(manifest.manifest, path, position) : namedAt(manifest.manifest, path, name)
  return found?.offset === undefined
    ? manifest.place(found?.path ?? path)
    : manifest.placeInside(found.path, found.offset)
}

/** @throws FdwsyncError if a change sets an option to a value that would fail only when it is used */
export function requireUsableOptions(
  { declared, resolved }: Pick<PlanContext, 'declared' | 'resolved'>,
  changes: readonly Change[],
): void {
  const { optionProblems } = resolved.expanded
  if (optionProblems.length === 0) return
  const changeOf = new Map(changes.map((change) => [change.key, change]))
  const byPath = new Map(declared.map(({ id, path }) => [JSON.stringify(path), changeOf.get(keyOf(id))]))
  const problems = optionProblems.flatMap(({ path, problem }) => {
    const change = byPath.get(JSON.stringify(path.slice(0, -2)))
    const isSet =
      change?.op === 'create' ||
      (change && 'fields' in change && change.fields.some(({ field }) => field === `option ${path.at(-1)}`))
    return isSet ? [problem] : []
  })
  if (problems.length > 0) throw new FdwsyncError(problems)
}

function asProblem({ code, title, reason, hint }: Refusal | Undetermined): Problem {
  return { code, message: `${title}: ${reason}`, ...(hint ? { hint } : {}) }
}

export function undeterminedFindings(findings: readonly ProbeFinding[], titles: Titles): readonly Undetermined[] {
  return findings.flatMap(({ status, ...finding }) =>
    status === 'problem' ? [] : [{ ...withTitle(finding, titles), follows: status === 'follows' }],
  )
}

/**
 * An object that does not exist and cannot be probed cannot be created either, and a plan without it would not converge. An object
 * that was not probed because that would run code can still be created: an apply may run the code. On a read-only server nothing is
 * known of it, and no apply gets as far.
 */
export function refuseUncreatable(
  findings: readonly ProbeFinding[],
  { live }: CatalogReading,
  titles: Titles,
): readonly Refusal[] {
  return findings.flatMap(({ status, ...finding }) =>
    (status === 'undetermined' && !mayBeCreatable.has(finding.code) && !live.has(finding.key)) ||
    finding.code === 'object/untrusted-code'
      ? [withTitle(finding, titles)]
      : [],
  )
}

const mayBeCreatable: ReadonlySet<ProblemCode> = new Set(['object/evaluates-code', 'server/read-only'])

/** It is reported for the schema of the ledger, since it concerns every object. */
export function unknownOwnership({ unreadable }: Ledger): readonly Undetermined[] {
  if (!unreadable) return []
  const reason = `not known, so nothing is dropped or adopted: ${unreadable.message}`
  const key = keyOf({ kind: 'schema', name: 'fdwsync' })
  return [{ code: 'ledger/unreadable', key, title: 'ownership', reason, hint: unreadable.hint, follows: false }]
}

function withTitle({ code, key, reason, hint }: Omit<ProbeFinding, 'status'>, titles: Titles): Refusal {
  return { code, key, title: titles.get(key) ?? key, reason, hint }
}
