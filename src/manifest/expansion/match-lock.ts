// Checks that a lock matches its manifest, and takes what imports and mirrors resolve to from it.

import type { ProblemCode } from '../../core/codes.ts'
import { sameData } from '../../core/data.ts'
import { FdwsyncError, type Problem } from '../../core/errors.ts'
import type { ImportRequest, Manifest, ParsedManifest, Path } from '../manifest.ts'
import { importTitle } from './imports.ts'
import { type Resolution, resolutionsIn, typesIn } from './lock.ts'
import { hasOwnQuery, mirrorOf } from './mirrored-copy.ts'

export interface Locked extends Pick<ParsedManifest, 'manifest' | 'requests' | 'place'> {
  readonly lock: ParsedManifest
}

const pinHint = 'Run fdwsync pin and review its changes.'

/**
 * What the imports and mirrors of a manifest resolve to, according to its lock.
 * @throws FdwsyncError with everything that a lock cannot contain or that no longer matches the manifest
 */
export function lockedResolutions({ manifest, requests, lock, place }: Locked): readonly Resolution[] {
  throwIfAny(unexpectedKeys(lock))
  if (lock.manifest.name !== manifest.name) {
    const message = `this lock belongs to manifest "${lock.manifest.name}", not to "${manifest.name}"`
    throw new FdwsyncError({ code: 'lock/outdated', message, place: lock.place(['name']), hint: pinHint })
  }
  const resolutions = resolutionsIn(lock)
  throwIfAny([
    ...outdatedImports({ manifest, requests, lock, place }, resolutions),
    ...unexpectedEntries(lock, resolutions),
  ])
  // Returns the requests of the manifest: unlike those of the lock, they have its paths and overrides.
  const found = requests.flatMap((request) => {
    const own = resolutions.find((each) => isSameRequest(each.request, request, lock.manifest, manifest))
    return own ? [{ ...own, request }] : []
  })
  throwIfAny(found.flatMap((each) => missingIndexes({ manifest, requests, lock, place }, each)))
  return found
}

/** A view without a query of its own needs the source's indexes. It may have had a query when the lock was created. */
function missingIndexes({ manifest, lock, place }: Locked, { request, tables, indexes }: Resolution) {
  if (!request.withIndexes) return []
  const { file } = lock.place([])
  return [...tables.keys()].flatMap((table): readonly Problem[] => {
    if (indexes.has(table) || hasOwnQuery(manifest, request, table)) return []
    const message = `the lock ${file} does not contain the indexes of table "${table}"`
    return [{ code: 'lock/outdated', message, place: place([...request.path, 'tables', table]), hint: pinHint }]
  })
}

/** The parts of a request, in any order. The keys are texts for messages. */
function requestFields(request: ImportRequest, manifest: Manifest): Readonly<Record<string, unknown>> {
  const mirror = mirrorOf(manifest, request)
  return {
    'another name of the mirror': mirror ? request.path[1] : undefined,
    'another schema of its copies': mirror?.schema,
    'another server': request.server,
    'another remote_schema': request.remoteSchema,
    'another schema': request.schema,
    'another limit_to': request.limitTo && [...request.limitTo].sort(),
    'another except': [...request.except].sort(),
    'other relations': request.mirrored && [...request.mirrored.kinds].sort(),
    'other partitions': request.mirrored?.partitions,
    'other options': request.options,
    'another types': request.copiesTypes,
    'another types_schema': request.typesSchema,
    'another as': request.withKeys,
    'another indexes.copy': request.withIndexes,
  }
}

function isSameRequest(left: ImportRequest, right: ImportRequest, ofLeft: Manifest, ofRight: Manifest): boolean {
  return sameData(requestFields(left, ofLeft), requestFields(right, ofRight))
}

function outdatedImports(
  { manifest, requests, lock, place }: Locked,
  resolutions: readonly Resolution[],
): readonly Problem[] {
  const left = resolutions.filter(
    ({ request }) => !requests.some((other) => isSameRequest(request, other, lock.manifest, manifest)),
  )
  const unmatched = requests.filter(
    (request) => !resolutions.some((each) => isSameRequest(each.request, request, lock.manifest, manifest)),
  )
  const changed = new Map(
    unmatched.flatMap((request) => {
      const before = left.find((each) => importTitle(each.request) === importTitle(request))
      return before ? [[request, before] as const] : []
    }),
  )
  return [
    ...unmatched.map((request): Problem => {
      const before = changed.get(request)
      const why = before
        ? `was created for ${differences(before.request, request, lock.manifest, manifest)}`
        : 'does not contain it'
      const { file } = lock.place([])
      return {
        code: 'lock/outdated',
        message: `${importTitle(request)}: the lock ${file} ${why}`,
        place: place(request.path),
        hint: pinHint,
      }
    }),
    ...left
      .filter((each) => ![...changed.values()].includes(each))
      .map(({ request }) =>
        problem(lock, request.path, `${importTitle(request)}: the manifest no longer contains it`, 'lock/outdated'),
      ),
  ]
}

function differences(left: ImportRequest, right: ImportRequest, ofLeft: Manifest, ofRight: Manifest): string {
  const [before, after] = [requestFields(left, ofLeft), requestFields(right, ofRight)]
  return Object.keys(after)
    .filter((what) => !sameData(before[what], after[what]))
    .join(', ')
}

/** Entries that `fdwsync pin` would not have written, so the lock was edited. */
function unexpectedEntries(lock: ParsedManifest, resolutions: readonly Resolution[]): readonly Problem[] {
  const tables = Object.entries(lock.manifest.schemas ?? {}).flatMap(([schema, { foreign_tables = {} }]) =>
    Object.keys(foreign_tables).map((name) => ({ schema, name })),
  )
  const types = resolutions.some(({ request }) => request.copiesTypes) ? [] : typesIn(lock.manifest)
  return [
    ...types.flatMap(({ schema, name }) =>
      problem(lock, ['schemas', schema, 'types', name], `no import in the lock copies type "${name}"`),
    ),
    ...tables.flatMap(({ schema, name }) => {
      if (resolutions.some(({ request, tables: own }) => request.schema === schema && own.has(name))) return []
      return problem(
        lock,
        ['schemas', schema, 'foreign_tables', name],
        `no import in the lock contains table "${name}"`,
      )
    }),
    ...resolutions.flatMap(({ request, tables: own, indexes, primaryKeys }) => [
      ...(request.limitTo ?? []).flatMap((name, at) =>
        own.has(name)
          ? []
          : problem(lock, [...request.path, 'limit_to', at], `the lock does not contain table "${name}"`),
      ),
      ...Array.from(new Set([...indexes.keys(), ...primaryKeys.keys()])).flatMap((name) =>
        own.has(name)
          ? []
          : problem(lock, [...request.path, 'tables', name], `the lock does not contain table "${name}"`),
      ),
    ]),
  ]
}

/**
 * A lock is a manifest with only these keys, and is parsed and checked as one. It has the imports and mirrors as they were
 * requested, the imported tables as foreign tables, and the keys and indexes of the source under `tables` of each mirror. `as` of a
 * mirror only shows that it has the keys.
 */
const lockKeys: readonly (readonly [path: Path, keys: readonly string[]])[] = [
  [[], ['version', 'name', 'schemas', 'mirrors']],
  [
    ['schemas', '*'],
    ['imports', 'foreign_tables', 'types'],
  ],
  [
    ['schemas', '*', 'imports', '*'],
    ['server', 'remote_schema', 'limit_to', 'except', 'options', 'types'],
  ],
  [
    ['mirrors', '*'],
    [
      'server',
      'remote_schema',
      'limit_to',
      'except',
      'relations',
      'partitions',
      'options',
      'proxy_schema',
      'schema',
      'types',
      'types_schema',
      'as',
      'indexes',
      'tables',
    ],
  ],
  [['mirrors', '*', 'indexes'], ['copy']],
  [
    ['mirrors', '*', 'tables', '*'],
    ['exclude', 'primary_key', 'indexes'],
  ],
]

/** Keys that are valid in a manifest, but not in a lock. */
function unexpectedKeys(lock: ParsedManifest): readonly Problem[] {
  const visit = (value: unknown, path: Path): readonly Problem[] => {
    if (value === null || typeof value !== 'object') return []
    const known = lockKeys.find(([pattern]) => isLike(path, pattern))?.[1]
    if (!known && !lockKeys.some(([pattern]) => isLike(path, pattern.slice(0, path.length)))) return []
    return Object.entries(value).flatMap(([key, part]) =>
      !known || known.includes(key)
        ? visit(part, [...path, key])
        : problem(lock, [...path, key], `key "${key}" is not allowed here in a lock`),
    )
  }
  return visit(lock.manifest, [])
}

function isLike(path: Path, pattern: Path): boolean {
  return (
    path.length === pattern.length && pattern.every((step, at) => step === '*' || String(step) === String(path[at]))
  )
}

function problem(lock: ParsedManifest, path: Path, message: string, code: ProblemCode = 'lock/invalid'): Problem {
  return { code, message, place: lock.place(path), hint: pinHint }
}

function throwIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new FdwsyncError(problems)
}
