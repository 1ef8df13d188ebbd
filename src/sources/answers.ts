import type { Problem } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { PathProblem } from '../manifest/checks/path-problem.ts'
import { importTitle } from '../manifest/expansion/imports.ts'
import type { ImportRequest, Manifest, Path } from '../manifest/manifest.ts'
import type { Answer } from './ask-source.ts'

export type Answers = ReadonlyMap<ImportRequest, Answer>

/** What the manifest asks for and a source does not have. */
export function requestErrors(request: ImportRequest, answer: Answer | undefined): readonly PathProblem[] {
  const at = (path: Path, problem: Problem): PathProblem => ({ path: [...request.path, ...path], atKey: true, problem })
  if (answer?.status === 'wrong') {
    return [
      at([answer.key ?? 'remote_schema'], {
        code: 'source/not-found',
        message: `${importTitle(request)}: ${answer.reason}`,
        hint: answer.hint,
      }),
    ]
  }
  if (answer?.status !== 'read') return []
  const { tables, failed } = answer
  const asked = request.limitTo ?? []
  return [
    ...asked.flatMap((name, place) => {
      const path = ['limit_to', place]
      const why = failed.get(name)
      if (why)
        return at(path, {
          code: 'source/not-importable',
          message: `the table "${name}" can not be imported: ${why.reason}`,
          hint: why.hint,
        })
      if (tables.has(name)) return []
      return at(path, {
        code: 'source/not-found',
        message: `the source has no table "${name}" in schema "${request.remoteSchema}"`,
      })
    }),
    ...unknownTables(request, (name) => tables.has(name) || failed.has(name)),
  ]
}

/** What is said of tables that are not imported. */
export function unknownTables(request: ImportRequest, isKnown: (name: string) => boolean): readonly PathProblem[] {
  return Object.keys(request.tables).flatMap((name) => {
    if (isKnown(name)) return []
    const message = `no table "${name}" is imported: the source does not have it, or it is left out`
    return [{ path: [...request.path, 'tables', name], atKey: true, problem: { code: 'source/not-found', message } }]
  })
}

/** The foreign tables that are as their source has them now. What the manifest itself spells out is as it says. */
export function freshTables(manifest: Manifest, answers: Answers): ReadonlySet<Key> {
  const keys = Array.from(answers, ([{ schema }, answer]): readonly Key[] => {
    const spelled = manifest.schemas?.[schema]?.foreign_tables ?? {}
    const names = answer.status === 'read' ? [...answer.tables.keys()] : []
    return names.flatMap((name) => (Object.hasOwn(spelled, name) ? [] : keyOf({ kind: 'foreignTable', schema, name })))
  })
  return new Set(keys.flat())
}
