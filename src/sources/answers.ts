// The answers of sources to import requests, and what a manifest requests that its sources do not have.

import type { Problem } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { PathProblem } from '../manifest/checks/path-problem.ts'
import { importTitle } from '../manifest/expansion/imports.ts'
import type { ImportRequest, Manifest, Path } from '../manifest/manifest.ts'
import type { Copied } from './copy-types.ts'
import type { Reason } from './reasons.ts'
import type { RemoteIndex } from './remote-catalog.ts'

/** The answer of a source to one import request. */
export type Answer = ImportAnswer | SourceFailure
export type Answers = ReadonlyMap<ImportRequest, Answer>

export interface ImportAnswer {
  readonly status: 'answered'
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  /** Tables that exist at the source but cannot be imported. */
  readonly failed: ReadonlyMap<string, Reason>
  readonly indexes: readonly RemoteIndex[]
  readonly copied: Copied
  /** The column names of tables that failed, if they were requested. */
  readonly columnNames: ReadonlyMap<string, readonly string[]>
  /** What is not taken over of what the source has. */
  readonly warnings: readonly Warning[]
  /** A digest of the entire answer; undefined if a table failed. */
  readonly state: string | undefined
}

export type SourceFailure =
  /**
   * The request is wrong: there is no such schema, or the wrapper does not support it. `key` is the manifest key that
   * asks for it.
   */
  | ({ readonly status: 'rejected'; readonly key?: string } & Reason)
  /** The source could not be asked. */
  | ({ readonly status: 'unanswered' } & Reason)

/** The `state` of an {@link ImportAnswer}, without the answer. */
export interface SourceState {
  readonly status: 'state'
  readonly state: string | undefined
}

/** What the manifest requests and the source does not have. */
export function requestErrors(request: ImportRequest, answer: Answer | undefined): readonly PathProblem[] {
  const at = (path: Path, problem: Problem): PathProblem => ({ path: [...request.path, ...path], atKey: true, problem })
  if (answer?.status === 'rejected') {
    const message = `${importTitle(request)}: ${answer.reason}`
    return [at([answer.key ?? 'remote_schema'], { code: 'source/not-found', message, hint: answer.hint })]
  }
  if (answer?.status !== 'answered') return []
  const { tables, failed } = answer
  return [
    ...(request.limitTo ?? []).flatMap((name, position) => {
      const path = ['limit_to', position]
      const failure = failed.get(name)
      if (failure) {
        const message = `the table "${name}" cannot be imported: ${failure.reason}`
        return at(path, { code: 'source/not-importable', message, hint: failure.hint })
      }
      if (tables.has(name)) return []
      const message = `the source has no table "${name}" in schema "${request.remoteSchema}"`
      return at(path, { code: 'source/not-found', message })
    }),
    ...unknownTables(request, (name) => tables.has(name) || failed.has(name)),
  ]
}

/** Entries of an import for tables that it does not import. */
export function unknownTables(request: ImportRequest, isKnown: (name: string) => boolean): readonly PathProblem[] {
  return Object.keys(request.tables).flatMap((name) => {
    if (isKnown(name)) return []
    const message = `no table "${name}" is imported: the source does not have it, or it is excluded`
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
