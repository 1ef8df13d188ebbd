// Made from schemas/manifest.schema.json by "npm run generate". Do not edit.

import type { Secret } from '../../core/secret.ts'

/** A manifest, with its variables and references resolved. */
export interface Manifest {
  version: 1
  name: string
  target?: string
  search_path?: string[]
  trusted_roles?: string[]
  refresh?: Refresh
  cron?: Cron
  extensions?: {
    [k: string]: Extension
  }
  foreign_data_wrappers?: {
    [k: string]: ForeignDataWrapper
  }
  servers?: {
    [k: string]: Server
  }
  schemas?: {
    [k: string]: Schema
  }
  vars?: {
    [k: string]: string | Variable
  }
  policy?: Policy
  overlay?: boolean
  mirrors?: {
    [k: string]: Mirror
  }
}

export interface ServerOptions {
  [k: string]: string | Secret
}

export interface UserMappingOptions {
  [k: string]: string | Secret
}

export interface TableOptions {
  [k: string]: string | Secret
}

export interface ColumnOptions {
  [k: string]: string | Secret
}

export interface ImportOptions {
  [k: string]: string
}

export interface ObjectName {
  schema: string
  name: string
}

export interface Grantee {
  role: string
  with_grant_option?: boolean
}

export interface ColumnGrantee {
  role: string
  with_grant_option?: boolean
  /**
   * @minItems 1
   */
  columns?: string[]
}

export interface ServerGrants {
  usage?: (string | Grantee)[]
}

export interface WrapperGrants {
  usage?: (string | Grantee)[]
}

export interface TypeGrants {
  usage?: (string | Grantee)[]
}

export interface SchemaGrants {
  usage?: (string | Grantee)[]
  create?: (string | Grantee)[]
}

export interface RelationGrants {
  select?: (string | ColumnGrantee)[]
  insert?: (string | ColumnGrantee)[]
  update?: (string | ColumnGrantee)[]
  delete?: (string | Grantee)[]
  truncate?: (string | Grantee)[]
  references?: (string | ColumnGrantee)[]
  trigger?: (string | Grantee)[]
  maintain?: (string | Grantee)[]
}

export interface Generated {
  expression: string
  virtual?: boolean
}

export interface Type {
  ignore?: string[]
  enum?: string[]
  domain?: string
  collation?: string | ObjectName
  range?: string
  subtype_diff?: string | ObjectName
  multirange?: string
  not_null?: boolean
  default?: string
  checks?: {
    [k: string]: string | CheckOfADomain
  }
  composite?: {
    [k: string]: string | Attribute
  }
  protect?: boolean
  owner?: string
  grants?: TypeGrants
  revoked_from_owner?: string[]
  comment?: string
}

export interface Attribute {
  type: string
  collation?: string | ObjectName
  comment?: string
}

export interface ViewColumn {
  statistics?: string
  storage?: 'plain' | 'external' | 'extended' | 'main'
  compression?: 'pglz' | 'lz4'
  attributes?: {
    [k: string]: string
  }
  comment?: string
}

export interface NamedViewColumn {
  name: string
  statistics?: string
  storage?: 'plain' | 'external' | 'extended' | 'main'
  compression?: 'pglz' | 'lz4'
  attributes?: {
    [k: string]: string
  }
  comment?: string
}

export interface OperatorClass {
  schema?: string
  name: string
  parameters?: {
    [k: string]: string
  }
}

export interface Policy {
  allow?: string[]
  never?: string[]
  auto_approve?: string[]
}

export interface Variable {
  type?: 'text' | 'integer' | 'boolean'
  default?: string
  description?: string
}

export interface Extension {
  schema?: string
  version?: string
  protect?: boolean
  comment?: string
}

export interface ForeignDataWrapper {
  ignore?: string[]
  handler?: string | ObjectName
  validator?: string | ObjectName
  options?: {
    [k: string]: string | Secret
  }
  secret_options?: string[]
  owner?: string
  grants?: WrapperGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

export interface Server {
  ignore?: string[]
  foreign_data_wrapper?: string
  type?: string
  version?: string
  owner?: string
  grants?: ServerGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
  renamed_from?: string
  max_connections?: string
  options?: ServerOptions
  secret_options?: string[]
  user_mappings?: {
    [k: string]: UserMappingOptions
  }
}

export interface Schema {
  ignore?: string[]
  owner?: string
  grants?: SchemaGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
  types?: {
    [k: string]: Type
  }
  imports?: Import[]
  foreign_tables?: {
    [k: string]: ForeignTable
  }
  materialized_views?: {
    [k: string]: MaterializedView
  }
  tables?: {
    [k: string]: Table
  }
}

export interface Import {
  server: string
  remote_schema: string
  /**
   * @minItems 1
   */
  limit_to?: string[]
  except?: string[]
  options?: ImportOptions
  types?: 'copy'
  tables?: {
    [k: string]: ImportTable
  }
}

export interface ImportTable {
  options?: TableOptions
  secret_options?: string[]
  columns?: {
    [k: string]: string | ImportColumn
  }
  checks?: {
    [k: string]: string | Check
  }
  owner?: string
  grants?: RelationGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

export interface ImportColumn {
  type?: string
  not_null?: boolean
  default?: string
  collation?: string | ObjectName
  options?: ColumnOptions
  comment?: string
}

export interface Mirror {
  server: string
  remote_schema: string
  /**
   * @minItems 1
   */
  limit_to?: string[]
  except?: string[]
  /**
   * @minItems 1
   */
  relations?: ('tables' | 'views' | 'materialized_views' | 'foreign_tables')[]
  partitions?: 'parent' | 'each'
  options?: ImportOptions
  proxy_schema: string
  schema: string
  as?: 'materialized_views' | 'tables'
  types?: 'copy'
  types_schema?: string
  refresh?: Refresh
  indexes?: MirrorIndexes
  tables?: {
    [k: string]: MirrorTable
  }
}

export interface MirrorIndexes {
  copy?: boolean
  each?: Index[]
}

export interface MirrorTable {
  exclude?: boolean
  query?: string
  as?: 'materialized_views' | 'tables'
  primary_key?: string[] | PrimaryKey
  not_null?: string[]
  unlogged?: boolean
  adopt?: boolean
  refresh?: Refresh
  populate?: boolean
  with?: {
    [k: string]: string
  }
  indexes?: {
    [k: string]: Index
  }
  statistics?: {
    [k: string]: Statistics
  }
  owner?: string
  grants?: RelationGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

export interface ForeignTable {
  ignore?: string[]
  server: string
  options?: TableOptions
  secret_options?: string[]
  columns?: {
    [k: string]: string | Column
  }
  inherits?: (string | ObjectName)[]
  partition_of?: PartitionOf
  checks?: {
    [k: string]: string | Check
  }
  renamed_from?: string
  owner?: string
  grants?: RelationGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

export interface PartitionOf {
  table: string | ObjectName
  for_values?: string
  default?: boolean
}

export interface Column {
  type: string
  not_null?: boolean | NotNull
  default?: string
  collation?: string | ObjectName
  generated?: string | Generated
  identity?: 'always' | 'by_default'
  options?: ColumnOptions
  statistics?: string
  storage?: 'plain' | 'external' | 'extended' | 'main'
  attributes?: {
    [k: string]: string
  }
  renamed_from?: string
  comment?: string
}

export interface NotNull {
  no_inherit?: boolean
  not_valid?: boolean
}

export interface Check {
  expression: string
  no_inherit?: boolean
  not_valid?: boolean
  not_enforced?: boolean
  comment?: string
}

export interface CheckOfADomain {
  expression: string
  not_valid?: boolean
  comment?: string
}

export interface Refresh {
  strategy?: 'auto' | 'plain' | 'concurrently' | 'swap' | 'merge' | 'compare' | 'watermark'
  max_age?: string
  schedule?: string
  timeout?: string
  skip_if_same?: string
  group?: string
  watermark?: Watermark
}

export interface Watermark {
  column: string
  overlap?: string | number
  deletes?: string | Deletes
  full?: string
}

export interface Deletes {
  soft: string
}

export interface Cron {
  database?: string
}

export interface MaterializedView {
  ignore?: string[]
  query: string
  refresh?: Refresh
  populate?: boolean
  with?: {
    [k: string]: string
  }
  columns?:
    | (string | NamedViewColumn)[]
    | {
        [k: string]: ViewColumn
      }
  access_method?: string
  tablespace?: string
  cluster_on?: string
  indexes?: {
    [k: string]: Index
  }
  statistics?: {
    [k: string]: Statistics
  }
  renamed_from?: string
  owner?: string
  grants?: RelationGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

/**
 * @minItems 1
 */
export interface PrimaryKey {
  name?: string
  /**
   * @minItems 1
   */
  columns: string[]
  include?: string[]
}

export interface Table {
  query: string
  primary_key?: string[] | PrimaryKey
  not_null?: string[]
  unlogged?: boolean
  adopt?: boolean
  ignore?: string[]
  refresh?: Refresh
  populate?: boolean
  with?: {
    [k: string]: string
  }
  columns?:
    | (string | NamedViewColumn)[]
    | {
        [k: string]: ViewColumn
      }
  access_method?: string
  tablespace?: string
  cluster_on?: string
  indexes?: {
    [k: string]: Index
  }
  statistics?: {
    [k: string]: Statistics
  }
  renamed_from?: string
  owner?: string
  grants?: RelationGrants
  revoked_from_owner?: string[]
  protect?: boolean
  comment?: string
}

export interface Index {
  method?: string
  unique?: boolean
  /**
   * @minItems 1
   */
  columns: (string | IndexColumn)[]
  include?: string[]
  where?: string
  nulls_not_distinct?: boolean
  with?: {
    [k: string]: string
  }
  tablespace?: string
  renamed_from?: string
  protect?: boolean
  comment?: string
}

export interface Statistics {
  columns?: string[]
  expressions?: string[]
  /**
   * @minItems 1
   */
  kinds?: ('ndistinct' | 'dependencies' | 'mcv')[]
  target?: string
  owner?: string
  comment?: string
}

export interface IndexColumn {
  column?: string
  expression?: string
  order?: 'asc' | 'desc'
  nulls?: 'first' | 'last'
  operator_class?: string | OperatorClass
  collation?: string | ObjectName
  statistics?: string
}

