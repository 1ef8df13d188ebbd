import { sameData } from '../../core/data.ts'
import { FdwsyncError, type Place, type Problem } from '../../core/errors.ts'
import type { ImportRequest, Manifest, ParsedManifest, Path } from '../manifest.ts'
import { type CopiedType, type IndexStanza, importTitle, type TableStanza } from './imports.ts'

/** What one import or mirror stands for, as its source has it: before anything that the manifest says of its tables. */
export interface Resolution {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  /** The source's own types, if they are copied. */
  readonly types: readonly CopiedType[]
  /** The source's own indexes, by table: what a mirror copies. */
  readonly indexes: ReadonlyMap<string, Readonly<Record<string, IndexStanza>>>
}

/**
 * A lock is a manifest of a few keys only: the imports and mirrors as they were asked for, their tables spelled out beside
 * them, and the indexes of the source below `tables` of each mirror. So it is read and checked as any manifest is.
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
      'options',
      'proxy_schema',
      'schema',
      'types',
      'indexes',
      'tables',
    ],
  ],
  [['mirrors', '*', 'indexes'], ['copy']],
  [
    ['mirrors', '*', 'tables', '*'],
    ['exclude', 'indexes'],
  ],
]

const pinHint = 'Run fdwsync pin, and look at what it changes.'

/**
 * What the lock of a manifest says of its imports and mirrors.
 * @throws FdwsyncError with all that is no part of a lock, or does not fit the manifest any more, each with its place
 */
export function lockedResolutions({ manifest, requests, lock, place }: Locked): readonly Resolution[] {
  throwIfAny(unexpectedKeys(lock))
  if (lock.manifest.name !== manifest.name) {
    const message = `this is the lock of the manifest "${lock.manifest.name}", not of "${manifest.name}"`
    throw new FdwsyncError({ code: 'lock/outdated', message, place: lock.place(['name']), hint: pinHint })
  }
  const resolutions = resolutionsIn(lock)
  throwIfAny([
    ...outdatedImports({ manifest, requests, lock, place }, resolutions),
    ...unexpectedEntries(lock, resolutions),
  ])
  // The requests of the manifest itself: they say what else it wants of the tables, and where they stand.
  const found = requests.flatMap((request) => {
    const own = resolutions.find((each) => isSameRequest(each.request, request, lock.manifest, manifest))
    return own ? [{ ...own, request }] : []
  })
  throwIfAny(found.flatMap((each) => missingIndexes({ manifest, requests, lock, place }, each)))
  return found
}

/** Tables whose views had queries of their own when the lock was made, and have none now. */
function missingIndexes({ manifest, lock, place }: Locked, { request, tables, indexes }: Resolution) {
  if (!request.withIndexes) return []
  const { file } = lock.place([])
  return [...tables.keys()].flatMap((table): readonly Problem[] => {
    if (indexes.has(table) || hasOwnQuery(manifest, request, table)) return []
    const message = `the lock ${file} does not have the indexes of the table "${table}"`
    return [{ code: 'lock/outdated', message, place: place([...request.path, 'tables', table]), hint: pinHint }]
  })
}

export interface Locked extends Pick<ParsedManifest, 'manifest' | 'requests' | 'place'> {
  readonly lock: ParsedManifest
}

type LockContent = Pick<ParsedManifest, 'manifest' | 'requests'>

/** What a lock says, whether or not it fits. A table is of the first import that can have it. */
export function resolutionsIn({ manifest: lock, requests }: LockContent): readonly Resolution[] {
  return requests.map((request, at) => {
    const all = Object.entries(lock.schemas?.[request.schema]?.foreign_tables ?? {})
    const isTaken = (name: string, table: TableStanza) =>
      requests.slice(0, at).some((other) => other.schema === request.schema && matchesRequest(other, name, table))
    const tables = all.filter(([name, table]) => matchesRequest(request, name, table) && !isTaken(name, table))
    const mirror = mirrorOf(lock, request)
    const indexes = Object.entries(mirror?.tables ?? {}).flatMap(([name, table]) =>
      table.exclude ? [] : [[name, table.indexes ?? {}] as const],
    )
    const types = request.copiesTypes ? typesIn(lock) : []
    return { request, tables: new Map(tables), types, indexes: new Map(request.withIndexes ? indexes : []) }
  })
}

/** Which import a type is of need not be told: one that several copy is the same. */
function typesIn({ schemas = {} }: Manifest): readonly CopiedType[] {
  return Object.entries(schemas).flatMap(([schema, { types = {} }]) =>
    Object.entries(types).map(([name, stanza]) => ({ schema, name, stanza })),
  )
}

/** Whether a table that stands in the import's schema comes of it. What a wrapper says of the source's schema tells. */
export function matchesRequest(request: ImportRequest, name: string, { server, options }: TableStanza): boolean {
  if (server !== request.server) return false
  if (options?.schema_name !== undefined && options.schema_name !== request.remoteSchema) return false
  return includesTable(request, name)
}

export function includesTable({ limitTo, except }: ImportRequest, name: string): boolean {
  return (limitTo?.includes(name) ?? true) && !except.includes(name)
}

export function mirrorOf(manifest: Manifest, { path: [top, name] }: ImportRequest) {
  return top === 'mirrors' ? manifest.mirrors?.[String(name)] : undefined
}

/** Whether the manifest itself says what a mirrored table's view reads: then no index of the source is for it. */
export function hasOwnQuery(manifest: Manifest, request: ImportRequest, table: string): boolean {
  const tables = mirrorOf(manifest, request)?.tables ?? {}
  return Object.hasOwn(tables, table) && tables[table]?.query !== undefined
}

/** What is asked of a source, and for what, whatever order it is written in. */
function requestFields(request: ImportRequest, manifest: Manifest): Readonly<Record<string, unknown>> {
  const mirror = mirrorOf(manifest, request)
  return {
    'another name of the mirror': mirror ? request.path[1] : undefined,
    'another schema of its views': mirror?.schema,
    'another server': request.server,
    'another remote_schema': request.remoteSchema,
    'another schema': request.schema,
    'another limit_to': request.limitTo && [...request.limitTo].sort(),
    'another except': [...request.except].sort(),
    'other options': request.options,
    'another types': request.copiesTypes,
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
      const why = before ? `was made for ${differences(before.request, request, lock.manifest, manifest)}` : 'lacks it'
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
      .map(({ request }) => problem(lock, request.path, `${importTitle(request)}: the manifest has no such any more`)),
  ]
}

function differences(left: ImportRequest, right: ImportRequest, ofLeft: Manifest, ofRight: Manifest): string {
  const [before, after] = [requestFields(left, ofLeft), requestFields(right, ofRight)]
  return Object.keys(after)
    .filter((what) => !sameData(before[what], after[what]))
    .join(', ')
}

/** What stands in a lock that pin would not have written there: somebody edited it. */
function unexpectedEntries(lock: ParsedManifest, resolutions: readonly Resolution[]): readonly Problem[] {
  const tables = Object.entries(lock.manifest.schemas ?? {}).flatMap(([schema, { foreign_tables = {} }]) =>
    Object.keys(foreign_tables).map((name) => ({ schema, name })),
  )
  const types = resolutions.some(({ request }) => request.copiesTypes) ? [] : typesIn(lock.manifest)
  return [
    ...types.flatMap(({ schema, name }) =>
      problem(lock, ['schemas', schema, 'types', name], `no import of the lock copies the type "${name}"`),
    ),
    ...tables.flatMap(({ schema, name }) => {
      if (resolutions.some(({ request, tables: own }) => request.schema === schema && own.has(name))) return []
      return problem(lock, ['schemas', schema, 'foreign_tables', name], `no import of the lock has the table "${name}"`)
    }),
    ...resolutions.flatMap(({ request, tables: own, indexes }) => [
      ...(request.limitTo ?? []).flatMap((name, at) =>
        own.has(name) ? [] : problem(lock, [...request.path, 'limit_to', at], `the lock has no table "${name}"`),
      ),
      ...[...indexes.keys()].flatMap((name) =>
        own.has(name) ? [] : problem(lock, [...request.path, 'tables', name], `the lock has no table "${name}"`),
      ),
    ]),
  ]
}

/** Keys that a manifest may have and a lock may not. */
function unexpectedKeys(lock: ParsedManifest): readonly Problem[] {
  const visit = (value: unknown, path: Path): readonly Problem[] => {
    if (value === null || typeof value !== 'object') return []
    const known = lockKeys.find(([pattern]) => isLike(path, pattern))?.[1]
    if (!known && !lockKeys.some(([pattern]) => isLike(path, pattern.slice(0, path.length)))) return []
    return Object.entries(value).flatMap(([key, part]) =>
      !known || known.includes(key)
        ? visit(part, [...path, key])
        : problem(lock, [...path, key], `a lock has no "${key}" here`),
    )
  }
  return visit(lock.manifest, [])
}

function isLike(path: Path, pattern: Path): boolean {
  return (
    path.length === pattern.length && pattern.every((step, at) => step === '*' || String(step) === String(path[at]))
  )
}

function problem(lock: ParsedManifest, path: Path, message: string): Problem {
  const place: Place = lock.place(path)
  return { code: 'lock/invalid', message, place, hint: pinHint }
}

function throwIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new FdwsyncError(problems)
}
