// Checks `renamed_from` against the other names in the manifest.

import type { Manifest, Path } from '../manifest.ts'
import { atValue, type PathProblem } from './path-problem.ts'
import { copies, foreignTables } from './walk.ts'

/** A declaration that may have `renamed_from`. */
interface Renamable {
  readonly path: Path
  /** The namespace of the name, such as the relations of a schema or the columns of a table. */
  readonly space: string
  readonly name: string
  readonly from: string | undefined
}

/** `renamed_from` must not be the current name, the name of something else that is declared, or used twice. */
export function renameProblems(manifest: Manifest): readonly PathProblem[] {
  const all = renamables(manifest)
  if (!all.some(isRenamed)) return []
  const declared = new Map(all.map(({ space, name, path }) => [keyOf(space, name), path]))
  const renamed = new Map<string, Path>()
  return all.flatMap(({ path, space, name, from }): readonly PathProblem[] => {
    if (from === undefined) return []
    const problem = (message: string, hint: string, other?: Path) => [
      atValue([...path, 'renamed_from'], { code: 'manifest/invalid-rename', message, hint }, other),
    ]
    if (from === name) return problem('renamed_from is the current name', 'Remove renamed_from.')
    const key = keyOf(space, from)
    const existing = declared.get(key)
    if (existing) {
      return problem(`renamed_from: "${from}" is still declared`, 'Remove that declaration, or renamed_from.', existing)
    }
    const first = renamed.get(key)
    if (first)
      return problem(`renamed_from: "${from}" is already renamed`, 'Remove one of the two renamed_from.', first)
    renamed.set(key, path)
    return []
  })
}

function renamables(manifest: Manifest): readonly Renamable[] {
  const relations = [
    ...foreignTables(manifest).map(({ table, ...place }) => ({ ...place, from: table.renamed_from })),
    ...copies(manifest).map(({ copy, ...place }) => ({ ...place, from: copy.renamed_from })),
    ...copies(manifest).flatMap(({ path, schema, copy }) =>
      Object.entries(copy.indexes ?? {}).map(([name, { renamed_from: from }]) => ({
        path: [...path, 'indexes', name],
        schema,
        name,
        from,
      })),
    ),
  ]
  return [
    ...Object.entries(manifest.servers ?? {}).map(([name, { renamed_from: from }]) => ({
      path: ['servers', name],
      space: 'servers',
      name,
      from,
    })),
    ...relations.map(({ schema, ...relation }) => ({ ...relation, space: keyOf('relations', schema) })),
    ...foreignTables(manifest).flatMap(({ path, schema, name: table, table: { columns = {} } }) => {
      const space = keyOf('columns', keyOf(schema, table))
      const all = Object.entries(columns).map(([name, column]) => ({
        path: [...path, 'columns', name],
        space,
        name,
        from: typeof column === 'string' ? undefined : column.renamed_from,
      }))
      return all.some(isRenamed) ? all : []
    }),
  ]
}

function isRenamed({ from }: Pick<Renamable, 'from'>): boolean {
  return from !== undefined
}

function keyOf(space: string, name: string): string {
  return JSON.stringify([space, name])
}
