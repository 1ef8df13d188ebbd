import type { Problem } from '../core/errors.ts'
import type { Manifest, Path } from './manifest.ts'
import { postgresFdwProblems } from './postgres-fdw-options.ts'
import type { PathProblem } from './schema-problems.ts'

/** What a schema can't say: names, names that collide, options in the wrong place, values that the server won't check. */
export function ruleProblems(manifest: Manifest): readonly PathProblem[] {
  return [...nameProblems(manifest), ...collisions(manifest), ...columnProblems(manifest), ...optionProblems(manifest)]
}

const longestName = 63

function nameProblems(manifest: Manifest): readonly PathProblem[] {
  const check = (path: Path, name: string, atKey: boolean): readonly PathProblem[] => {
    const message = nameProblem(name)
    return message === undefined ? [] : [{ path, atKey, problem: { message } }]
  }
  return [
    ...check(['name'], manifest.name, false),
    ...namedKeys(manifest).flatMap((path) => check(path, String(path.at(-1)), true)),
    ...foreignTables(manifest).flatMap(({ path, table }) => check([...path, 'server'], table.server, false)),
  ]
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'a name can not be empty'
  if (name.includes('\0')) return 'a name can not hold the character NUL'
  const bytes = new TextEncoder().encode(name).length
  return bytes > longestName ? `the name has ${bytes} bytes; PostgreSQL allows ${longestName}` : undefined
}

function namedKeys(manifest: Manifest): readonly Path[] {
  const keys = (path: Path, map: object | undefined): readonly Path[] =>
    Object.keys(map ?? {}).map((key) => [...path, key])
  return [
    ...keys(['extensions'], manifest.extensions),
    ...keys(['servers'], manifest.servers),
    ...Object.entries(manifest.servers ?? {}).flatMap(([name, { options, user_mappings }]) => [
      ...keys(['servers', name, 'options'], options),
      ...keys(['servers', name, 'user_mappings'], user_mappings),
      ...Object.entries(user_mappings ?? {}).flatMap(([role, mapping]) =>
        keys(['servers', name, 'user_mappings', role], mapping),
      ),
    ]),
    ...keys(['schemas'], manifest.schemas),
    ...foreignTables(manifest).flatMap(({ path, table }) => [
      path,
      ...keys([...path, 'options'], table.options),
      ...keys([...path, 'columns'], table.columns),
      ...keys([...path, 'checks'], table.checks),
    ]),
    ...views(manifest).flatMap(({ path, view }) => [path, ...keys([...path, 'indexes'], view.indexes)]),
  ]
}

function foreignTables(manifest: Manifest) {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { foreign_tables }]) =>
    Object.entries(foreign_tables ?? {}).map(([name, table]) => ({
      path: ['schemas', schema, 'foreign_tables', name] as Path,
      schema,
      name,
      table,
    })),
  )
}

function views(manifest: Manifest) {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
    Object.entries(materialized_views ?? {}).map(([name, view]) => ({
      path: ['schemas', schema, 'materialized_views', name] as Path,
      schema,
      name,
      view,
    })),
  )
}

/** Relations of all kinds, indexes among them, share one namespace a schema. */
function collisions(manifest: Manifest): readonly PathProblem[] {
  const relations = [
    ...foreignTables(manifest),
    ...views(manifest),
    ...views(manifest).flatMap(({ path, schema, view }) =>
      Object.keys(view.indexes ?? {}).map((name) => ({ path: [...path, 'indexes', name], schema, name })),
    ),
  ]
  const first = new Map<string, Path>()
  return relations.flatMap(({ path, schema, name }): readonly PathProblem[] => {
    const relation = JSON.stringify([schema, name])
    const other = first.get(relation)
    if (!other) {
      first.set(relation, path)
      return []
    }
    const problem: Problem = {
      message: `the schema "${schema}" has two relations named "${name}": this one and ${other.slice(2).join(' › ')}`,
      hint: 'Tables, materialized views and indexes of a schema share one set of names.',
    }
    return [{ path, atKey: true, problem }]
  })
}

function columnProblems(manifest: Manifest): readonly PathProblem[] {
  return foreignTables(manifest).flatMap(({ path, table }) =>
    Object.entries(table.columns ?? {}).flatMap(([name, column]): readonly PathProblem[] => {
      if (typeof column === 'string' || column.default === undefined || column.generated === undefined) return []
      const problem = {
        message: `the column "${name}" can not have a default and be generated`,
        hint: 'Remove one of the two.',
      }
      return [{ path: [...path, 'columns', name, 'default'], atKey: true, problem }]
    }),
  )
}

/** Every role may read the options of servers, tables and columns; only those of user mappings are kept from others. */
const secretLooking = /pass(word|wd|phrase|code)|secret|token|credential|private_?key/i

function optionProblems(manifest: Manifest): readonly PathProblem[] {
  const exposed = (path: Path, options: Readonly<Record<string, string>> | undefined): readonly PathProblem[] =>
    Object.keys(options ?? {})
      .filter((name) => secretLooking.test(name) && name !== 'password_required')
      .map((name) => ({
        path: [...path, name],
        atKey: true,
        problem: {
          message: `the option "${name}" can not stand here, where every role may read it`,
          hint: 'Put it into a user mapping of the server: user_mappings: { role: { … } }.',
        },
      }))
  return [
    ...Object.entries(manifest.servers ?? {}).flatMap(([name, server]) => [
      ...exposed(['servers', name, 'options'], server.options),
      ...((server.foreign_data_wrapper ?? 'postgres_fdw') === 'postgres_fdw'
        ? postgresFdwProblems(['servers', name, 'options'], server.options ?? {})
        : []),
    ]),
    ...foreignTables(manifest).flatMap(({ path, table }) => exposed([...path, 'options'], table.options)),
  ]
}
