// Puts the files of a manifest together. Each object belongs to one file. An overlay changes what the files before it declare:
// maps merge, null removes, lists and values replace.

import { isDeepStrictEqual } from 'node:util'
import { emptyRecord, isMap } from '../../core/data.ts'
import { FdwsyncError, type Place, type Problem } from '../../core/errors.ts'
import { atKey, type PathProblem, placedAt } from '../checks/path-problem.ts'
import { type ManifestDocument, placed } from '../document.ts'
import type { Path } from '../manifest.ts'
import { matcher } from '../yaml/path-pattern.ts'

/** Files that were put together, with the places of what each has contributed. */
export interface Composition {
  readonly data: unknown
  readonly problems: readonly Problem[]
  /** The file that decides what is at a path. An object belongs to the file that declares it, and not to an overlay. */
  fileOf(path: Path): ManifestDocument
  place(path: Path, atKey: boolean): Place
  placeInside(path: Path, offset: number): Place
}

export type Documents = readonly [ManifestDocument, ...ManifestDocument[]]

/** @throws FdwsyncError if the first file is an overlay */
export function compose(documents: Documents): Composition {
  const [first, ...later] = documents
  // Nearly everything else in it would be reported as wrong because of that.
  if (first.isOverlay) throw new FdwsyncError(placed(first, overlayWithoutBase))
  const problems = documents.flatMap((document) => document.problems.map((found) => placed(document, found)))
  let data = first.data
  for (const [at, document] of later.entries()) {
    const earlier = documentsAt([first, ...later.slice(0, at)])
    const found = document.isOverlay ? overlaid(data, document.data) : joined(data, document.data)
    data = found.data
    problems.push(...found.problems.map((problem) => placedBeside(document, problem, earlier)))
  }
  const { fileOf, place, placeInside } = documentsAt(documents)
  return { data: withoutMark(data), problems, fileOf, place, placeInside }
}

const overlayWithoutBase = atKey(['overlay'], {
  code: 'manifest/invalid-value',
  message: 'an overlay changes the files before it, but this is the first file',
  hint: 'Name the files that it changes before it: -f fdwsync.yaml -f overlay.yaml.',
})

/** A later file conflicts with something in an earlier one. */
function placedBeside(
  document: ManifestDocument,
  found: PathProblem,
  earlier: Pick<ManifestDocument, 'place'>,
): Problem {
  return placedAt(found, document.place(found.path, found.atKey), found.other && earlier.place(found.other, true))
}

function documentsAt(documents: Documents): Pick<Composition, 'fileOf' | 'place' | 'placeInside'> {
  const [first] = documents
  const fileOf = (path: Path): ManifestDocument => {
    if (documents.length === 1) return first
    for (let length = path.length; length > 0; length--) {
      const found = declaring(documents, path.slice(0, length))
      if (found) return found
    }
    return first
  }
  return {
    fileOf,
    place: (path, atKey) => fileOf(path).place(path, atKey),
    placeInside: (path, offset) => fileOf(path).placeInside(path, offset),
  }
}

/** From the last file back to the one that declares a map, sets a value, or removes either. What an overlay replaces ends the search. */
function declaring(documents: Documents, path: Path): ManifestDocument | undefined {
  let found: ManifestDocument | undefined
  for (const document of documents.toReversed()) {
    const value = valueAt(document.data, path)
    if (value === absent) continue
    // A value below a map of a later file was replaced by it.
    if (value === replaced || (found && !isMap(value))) return found
    found = document
    if (!isMap(value)) return found
  }
  return found
}

const absent = Symbol('absent')
const replaced = Symbol('replaced')

/** The value of a file at a path: {@link replaced} if the file removes or replaces a map around it. */
function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)] ?? replaced
    else if (!isMap(value)) return replaced
    else if (Object.hasOwn(value, key)) value = value[key]
    else return absent
  }
  return value
}

interface Combined {
  readonly data: unknown
  /** Their paths are in the later file; `other` is in an earlier one. */
  readonly problems: readonly PathProblem[]
}

/** Maps that hold objects, and may be continued in another file. */
const isShared = matcher([
  'vars',
  'extensions',
  'foreign_data_wrappers',
  'servers',
  'schemas',
  'schemas.*',
  'schemas.*.types',
  'schemas.*.foreign_tables',
  'schemas.*.materialized_views',
  'schemas.*.tables',
  'mirrors',
])
/** Keys that may be repeated in each file, such as the name, so that each file is complete on its own. */
const isRepeatable = (path: Path): boolean => path.length === 1

function joined(earlier: unknown, later: unknown): Combined {
  const problems: PathProblem[] = []
  const join = (lower: unknown, upper: unknown, path: Path): unknown => {
    if (isMap(lower) && isMap(upper) && (path.length === 0 || isShared(path))) {
      return merged(lower, upper, (key, present, added) => join(present, added, [...path, key]))
    }
    if (!(isRepeatable(path) && isDeepStrictEqual(lower, upper))) problems.push(declaredTwice(path))
    return upper
  }
  return { data: join(earlier, later, []), problems }
}

function declaredTwice(path: Path): PathProblem {
  const what = path.map(String).join('.')
  if (isRepeatable(path)) {
    const message = `"${what}" differs from the one`
    const hint = 'The files of one manifest have the same one. To change it, begin this file with overlay: true.'
    return atKey(path, { code: 'manifest/conflicting-keys', message, hint }, path)
  }
  const message = `${what} is declared already,`
  const hint = 'Remove one of the two; or, to change the first one, begin this file with overlay: true.'
  return atKey(path, { code: 'manifest/duplicate-name', message, hint }, path)
}

function overlaid(earlier: unknown, overlay: unknown): Combined {
  const problems: PathProblem[] = []
  const change = (lower: unknown, upper: unknown, path: Path): unknown => {
    if (!isMap(upper)) return upper
    const base = isMap(lower) ? lower : emptyRecord()
    const map = merged(base, upper, (key, present, changed) => change(present, changed, [...path, key]))
    for (const [key, value] of Object.entries(upper)) {
      const at = [...path, key]
      if (value === null && !Object.hasOwn(base, key)) problems.push(nothingToRemove(at))
      if (!Object.hasOwn(base, key)) map[key] = change(undefined, value, at)
      if (value === null) delete map[key]
    }
    return map
  }
  return { data: change(earlier, overlay, []), problems }
}

function nothingToRemove(path: Path): PathProblem {
  const message = `no file before this one has ${path.map(String).join('.')}, which is to be removed`
  const hint = 'Remove the key. The text null is written in quotes: "null".'
  return atKey(path, { code: 'manifest/unknown-name', message, hint })
}

type Data = Readonly<Record<string, unknown>>

/** Both maps, in the order of the first one. Values that both have are combined. */
function merged(
  lower: Data,
  upper: Data,
  combine: (key: string, lower: unknown, upper: unknown) => unknown,
): Record<string, unknown> {
  const map: Record<string, unknown> = Object.assign(emptyRecord(), lower)
  for (const [key, value] of Object.entries(upper)) {
    map[key] = Object.hasOwn(lower, key) ? combine(key, lower[key], value) : value
  }
  return map
}

/** The data without `overlay`, which has served its purpose. If it is no boolean, the schema reports it. */
function withoutMark(data: unknown): unknown {
  if (!isMap(data) || typeof data.overlay !== 'boolean') return data
  const { overlay: _, ...rest } = data
  return Object.assign(emptyRecord(), rest)
}
