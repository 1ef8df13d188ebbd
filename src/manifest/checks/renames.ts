import type { Manifest, Path } from '../manifest.ts'
import type { PathProblem } from './schema-problems.ts'
import { foreignTables, views } from './walk.ts'

/** Something that can say what it was called before. */
interface Renamable {
  readonly path: Path
  /** Where names are told apart: those of a schema's relations, of a table's columns. */
  readonly space: string
  readonly name: string
  readonly from: string | undefined
}

/** What `renamed_from` can't say: the name of something that is declared too, or that two things had. */
export function renameProblems(manifest: Manifest): readonly PathProblem[] {
  const all = renamables(manifest)
  const placeOf = new Map(all.map(({ space, name, path }) => [keyOf(space, name), path]))
  const renamed = new Map<string, Path>()
  return all.flatMap(({ path, space, name, from }): readonly PathProblem[] => {
    if (from === undefined) return []
    const at = { path: [...path, 'renamed_from'], atKey: false }
    const key = keyOf(space, from)
    const [declared, first] = [placeOf.get(key), renamed.get(key)]
    if (from === name)
      return [
        {
          ...at,
          problem: {
            code: 'manifest/invalid-rename',
            message: 'this is the name that it has',
            hint: 'Remove renamed_from.',
          },
        },
      ]
    if (declared) {
      const message = `it can not be renamed from "${from}", since that is declared too,`
      return [
        {
          ...at,
          problem: { code: 'manifest/invalid-rename', message, hint: 'Remove that stanza, or renamed_from.' },
          other: declared,
        },
      ]
    }
    if (first) {
      const message = `"${from}" can become only one thing, and is renamed already`
      return [
        {
          ...at,
          problem: { code: 'manifest/invalid-rename', message, hint: 'Remove one of the two renamed_from.' },
          other: first,
        },
      ]
    }
    renamed.set(key, path)
    return []
  })
}

function renamables(manifest: Manifest): readonly Renamable[] {
  const relations = [
    ...foreignTables(manifest).map(({ table, ...place }) => ({ ...place, from: table.renamed_from })),
    ...views(manifest).map(({ view, ...place }) => ({ ...place, from: view.renamed_from })),
    ...views(manifest).flatMap(({ path, schema, view }) =>
      Object.entries(view.indexes ?? {}).map(([name, { renamed_from: from }]) => ({
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
    ...foreignTables(manifest).flatMap(({ path, schema, name: table, table: { columns } }) =>
      Object.entries(columns ?? {}).map(([name, column]) => ({
        path: [...path, 'columns', name],
        space: keyOf('columns', keyOf(schema, table)),
        name,
        from: typeof column === 'string' ? undefined : column.renamed_from,
      })),
    ),
  ]
}

function keyOf(space: string, name: string): string {
  return JSON.stringify([space, name])
}
