// Expands the imports and mirrors of a manifest into objects. This is done once for each plan;
// everything after it takes the `ResolvedManifest`.

import { FdwsyncError } from '../../core/errors.ts'
import { type PathProblem, placedAt } from '../checks/path-problem.ts'
import { ruleProblems } from '../checks/rules.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest.ts'
import { textAt } from '../yaml/references.ts'
import { addImports, type Expansion, importRequests, originKey } from './imports.ts'
import type { Resolution } from './lock.ts'
import { mirrorOf } from './mirrored-copy.ts'
import { addMirrors } from './mirrors.ts'

/** A manifest whose imports and mirrors are expanded, and what they were expanded from. */
export interface ResolvedManifest {
  /** The manifest as written: imports and mirrors are not expanded. `requests` has their requests to sources. */
  readonly asWritten: ParsedManifest
  /** The manifest with every import and mirror expanded. The place of an expanded object is that of its origin. */
  readonly expanded: ParsedManifest
  /**
   * What each import and mirror resolved to, according to its source or the lock. There is none for a source that was not asked.
   */
  readonly resolutions: readonly Resolution[]
  /** By `originKey`: the path of the import, the mirror or the entry in it that an expanded object comes from. */
  readonly origins: ReadonlyMap<string, Path>
}

/** The contents of one import or mirror. */
export interface ImportToExpand extends Resolution {
  /** Whether all tables are known, so that a table that is missing here does not exist at the source. */
  readonly isComplete: boolean
}

/** @throws FdwsyncError if the manifest names what an import or mirror does not have, or the result breaks a rule */
export function expandManifest(asWritten: ParsedManifest, all: readonly ImportToExpand[]): ResolvedManifest {
  if (all.length === 0) return { asWritten, expanded: asWritten, resolutions: [], origins: new Map() }
  const { manifest, origins, problems } = expandImports(asWritten.manifest, all)
  const origin = (path: Path): Path => {
    const object = origins.get(originKey(path.slice(0, 4)))
    if (!object) return origins.get(originKey(path.slice(0, 2))) ?? path
    // An override has its keys where the object has them, and so has a mirror what it declares for all copies.
    const isDeclaredThere = object.includes('tables') || path[2] !== 'foreign_tables'
    return isDeclaredThere ? [...object, ...path.slice(4)] : object
  }
  // A table that the manifest does not mention has its place in the lock.
  const isInLock = (path: Path) => path[2] === 'foreign_tables' && !origin(path).includes('tables')
  const place = (path: Path) =>
    asWritten.lock && origin(path) !== path && isInLock(path)
      ? asWritten.lock.place(path)
      : asWritten.place(origin(path))
  const expanded: ParsedManifest = {
    ...asWritten,
    manifest,
    withReferences: asWritten.withReferences && expandWithReferences(asWritten.withReferences, all),
    place,
    placeInside: (path, offset) =>
      textAt(asWritten.manifest, origin(path)) === textAt(manifest, path)
        ? asWritten.placeInside(origin(path), offset)
        : place(path),
  }
  throwIfAny(expanded, problems)
  throwIfAny(expanded, ruleProblems(manifest))
  const resolutions = all.filter(({ isComplete }) => isComplete)
  return { asWritten, expanded, resolutions, origins }
}

/** The overrides of an import are part of its request, so they are taken from this manifest too. */
function expandWithReferences(manifest: Manifest, all: readonly ImportToExpand[]): Manifest {
  const requests = new Map(importRequests(manifest).map((request) => [originKey(request.path), request]))
  const shown = all.map((each) => ({ ...each, request: requests.get(originKey(each.request.path)) ?? each.request }))
  return expandImports(manifest, shown).manifest
}

/** Adds the foreign tables and types of imports, and then the views of mirrors. */
export function expandImports(manifest: Manifest, all: readonly ImportToExpand[]): Expansion {
  const imports = addImports(manifest, all)
  const mirrors = addMirrors(
    imports.manifest,
    all.flatMap((each) => (mirrorOf(manifest, each.request) ? [{ ...each, name: String(each.request.path[1]) }] : [])),
  )
  return {
    manifest: mirrors.manifest,
    origins: new Map([...imports.origins, ...mirrors.origins]),
    problems: [...imports.problems, ...mirrors.problems],
  }
}

/** @throws FdwsyncError with all of the problems, each with its place in the manifest */
export function throwIfAny({ place }: ParsedManifest, problems: readonly PathProblem[]): void {
  if (problems.length === 0) return
  throw new FdwsyncError(problems.map((found) => placedAt(found, place(found.path), found.other && place(found.other))))
}
