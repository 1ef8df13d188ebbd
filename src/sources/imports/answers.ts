// The answers of sources to import requests, and errors for requested tables that a source does not have.

import type { Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Notice } from '../../core/notice.ts'
import { idOf, type Key, keyOf } from '../../core/object.ts'
import type { Undetermined, Warning } from '../../core/plan.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { PathProblem } from '../../manifest/checks/path-problem.ts'
import { importTitle, type TableIdentity } from '../../manifest/expansion/imports.ts'
import type { ImportRequest, Manifest, Path } from '../../manifest/manifest.ts'
import type { PrimaryKeyStanza } from '../../manifest/primary-key.ts'
import type { Reason } from '../reasons.ts'
import type { RemoteIndex } from '../remote-catalog.ts'
import { type Copied, nothingCopied } from '../types/copy-types.ts'

/** The answer of a source to one import request. */
export type Answer = ImportAnswer | SourceFailure
export type Answers = ReadonlyMap<ImportRequest, Answer>

export interface ImportAnswer {
  readonly status: 'answered'
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** Tables that exist at the source but cannot be imported. */
  readonly failed: ReadonlyMap<string, Reason>
  /** Tables that are kept as they were last applied, or else left out: this database cannot follow their source, or read them. */
  readonly kept: ReadonlyMap<string, Reason>
  /** What the wrapper reported while it imported, for example that it skips a table. */
  readonly notices: readonly Notice[]
  /** Tables that the request excludes and the source does not have. Empty if the wrapper cannot list tables. */
  readonly unknownExceptions: readonly string[]
  /** The tables of the source, for suggestions in place of requested tables that do not exist. Empty if all exist. */
  readonly suggestions: readonly string[]
  readonly indexes: readonly RemoteIndex[]
  /** The primary keys, by table. */
  readonly primaryKeys: ReadonlyMap<string, PrimaryKeyStanza>
  readonly copied: Copied
  /** The column names of tables that failed, if they were requested. */
  readonly columnNames: ReadonlyMap<string, readonly string[]>
  /** The identities of all these tables, failed ones included. Empty if the source is not a PostgreSQL server. */
  readonly identities: ReadonlyMap<string, TableIdentity>
  /** Warnings about what is not taken over from the source. */
  readonly warnings: readonly Warning[]
  /** A digest of the entire answer; undefined if a table failed. */
  readonly state: string | undefined
  /** Whether the source would answer the same if other types existed here. */
  readonly areTypesBuiltIn: boolean
}

export const emptyAnswer: ImportAnswer = {
  status: 'answered',
  tables: new Map(),
  failed: new Map(),
  kept: new Map(),
  notices: [],
  unknownExceptions: [],
  suggestions: [],
  indexes: [],
  primaryKeys: new Map(),
  copied: nothingCopied,
  columnNames: new Map(),
  identities: new Map(),
  warnings: [],
  state: 'nothing',
  areTypesBuiltIn: true,
}

export type SourceFailure =
  /**
   * The request is wrong: the source has no such schema, or the wrapper does not support it. `key` is the responsible key of the
   * manifest.
   */
  | ({ readonly status: 'rejected'; readonly key?: string } & Reason)
  /** The source could not be asked: it was unreachable, or refused. */
  | ({ readonly status: 'unanswered'; readonly code: 'source/unreachable' | 'source/rejected' } & Reason)

/** The `state` of an {@link ImportAnswer}, without the answer. */
export interface SourceState {
  readonly status: 'state'
  readonly state: string | undefined
}

/** The answers as if the source had not changed these tables and types. `kept` has the reasons, by the key of the foreign table or type. */
export function withTablesKept(answers: Answers, kept: ReadonlyMap<Key, Reason>): Answers {
  if (kept.size === 0) return answers
  return new Map(Array.from(answers, ([request, answer]) => [request, withKept(request, answer, kept)]))
}

function withKept({ schema }: ImportRequest, answer: Answer, all: ReadonlyMap<Key, Reason>): Answer {
  if (answer.status !== 'answered') return answer
  const own = Array.from(all, ([key, reason]) => [idOf(key), reason] as const)
  const kept = new Map(
    own.flatMap(([id, reason]) => (id?.kind === 'foreignTable' && id.schema === schema ? [[id.name, reason]] : [])),
  )
  const tables = new Map([...answer.tables].filter(([name]) => !kept.has(name)))
  return { ...answer, copied: withTypesKept(answer.copied, all), tables, kept, state: undefined }
}

function withTypesKept(copied: Copied, kept: ReadonlyMap<Key, Reason>): Copied {
  const undetermined = copied.types.flatMap(({ schema, name }): readonly Undetermined[] => {
    const id = { kind: 'type', schema, name } as const
    const key = keyOf(id)
    const why = kept.get(key)
    const reason = `it is kept as it was last applied. It has changed at the source, but ${why?.reason}`
    return why ? [{ code: 'source/type', key, title: titleOf(id), reason, hint: why.hint, follows: false }] : []
  })
  const keys = new Set(undetermined.map(({ key }) => key))
  return {
    ...copied,
    types: copied.types.filter(({ schema, name }) => !keys.has(keyOf({ kind: 'type', schema, name }))),
    undetermined: [...copied.undetermined, ...undetermined],
  }
}

/** Problems for everything that the manifest requests and the source does not have. */
export function requestErrors(request: ImportRequest, answer: Answer | undefined): readonly PathProblem[] {
  const at = (path: Path, problem: Problem): PathProblem => ({ path: [...request.path, ...path], atKey: true, problem })
  if (answer?.status === 'rejected') {
    const message = `${importTitle(request)}: ${answer.reason}`
    return [at([answer.key ?? 'remote_schema'], { code: 'source/not-found', message, hint: answer.hint })]
  }
  if (answer?.status !== 'answered') return []
  const { tables, failed } = answer
  const known = new Set([...tables.keys(), ...failed.keys(), ...answer.kept.keys()])
  return [
    ...(request.limitTo ?? []).flatMap((name, position) => {
      const path = ['limit_to', position]
      const failure = failed.get(name)
      if (failure) {
        const message = `the table "${name}" cannot be imported: ${failure.reason}`
        return at(path, { code: 'source/not-importable', message, hint: failure.hint })
      }
      if (known.has(name)) return []
      return at(path, notAtSource(request, name, answer.suggestions))
    }),
    ...answer.unknownExceptions.map((name) => {
      const position = request.except.indexOf(name)
      // A mirror can also exclude a table in its own entry below `tables`.
      const path = position < request.listedExceptions ? ['except', position] : ['tables', name, 'exclude']
      return at(path, notAtSource(request, name, known))
    }),
    ...unknownTables(request, known),
  ]
}

function notAtSource({ remoteSchema }: ImportRequest, name: string, existing: Iterable<string>): Problem {
  const message = `the source has no table "${name}" in schema "${remoteSchema}"${didYouMean(name, existing)}`
  return { code: 'source/not-found', message }
}

/** Problems for entries of an import about tables that it does not import. */
export function unknownTables(request: ImportRequest, known: ReadonlySet<string>): readonly PathProblem[] {
  return Object.keys(request.tables).flatMap((name) => {
    if (known.has(name)) return []
    const message = `no table "${name}" is imported: the source does not have it, or it is excluded${didYouMean(name, known)}`
    return [{ path: [...request.path, 'tables', name], atKey: true, problem: { code: 'source/not-found', message } }]
  })
}

/** The foreign tables whose declaration is the source's current definition. The manifest's own declarations are not. */
export function freshTables(manifest: Manifest, answers: Answers): ReadonlySet<Key> {
  const keys = Array.from(answers, ([{ schema }, answer]): readonly Key[] => {
    const declared = manifest.schemas?.[schema]?.foreign_tables ?? {}
    const names = answer.status === 'answered' ? [...answer.tables.keys()] : []
    return names.flatMap((name) => (Object.hasOwn(declared, name) ? [] : keyOf({ kind: 'foreignTable', schema, name })))
  })
  return new Set(keys.flat())
}
