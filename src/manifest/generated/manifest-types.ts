// Made from schemas/manifest.schema.json by "npm run generate". Do not edit.

import type { Secret } from '../../core/secret.ts'

/**
 * A manifest of fdwsync: the foreign servers, foreign tables and materialized views that a PostgreSQL database should have.
 */
export interface Manifest {
  /**
   * The version of the manifest's format: 1.
   */
  version: 1
  /**
   * The manifest's own name, unique in a target database. Objects that the manifest creates or adopts are recorded under it, and dropped when their stanza is removed. Example: shop-mirror
   */
  name: string
  /**
   * Which of several databases this manifest is applied to, for saved plans: a plan for another target is refused, even if that is a physical copy. --target takes precedence. Example: ${env:ENVIRONMENT}
   */
  target?: string
  /**
   * The schemas in which SQL in this manifest (types, defaults, checks, queries, expressions) finds unqualified names, in this order. pg_catalog is always searched. Default: [public]
   *
   * Items: Name of a schema.
   */
  search_path?: string[]
  /**
   * Roles whose functions, operators and types unqualified names in this manifest may find, besides superusers and roles that can act as the one that applies. Example: [app]
   *
   * Items: Name of a role.
   */
  trusted_roles?: string[]
  /**
   * The refresh policy of every copy of this manifest, unless a mirror, a table of a mirror or the copy itself has another value for a key. Example: { max_age: 1h }
   */
  refresh?: Refresh
  /**
   * Where pg_cron is, which runs the schedules of refresh policies. Default: in the target database
   */
  cron?: Cron
  /**
   * Extensions by name. Example: postgres_fdw: {}
   */
  extensions?: {
    /**
     * The extension of this name; {} uses every default.
     */
    [k: string]: Extension
  }
  /**
   * Foreign-data wrappers by name: those without an extension, or those of an extension to set their options. Creating or altering one requires a superuser.
   */
  foreign_data_wrappers?: {
    /**
     * The foreign-data wrapper of this name; {} is one without a handler, or as its extension creates it.
     */
    [k: string]: ForeignDataWrapper
  }
  /**
   * Foreign servers by name.
   */
  servers?: {
    /**
     * The foreign server of this name.
     */
    [k: string]: Server
  }
  /**
   * Schemas of the target database by name, with the objects declared in them. A schema that does not exist is created.
   */
  schemas?: {
    /**
     * The schema of this name; {} is one without further declarations.
     */
    [k: string]: Schema
  }
  /**
   * Variables by name, which ${var:NAME} uses in any value, and which --var NAME=VALUE sets. They are no secrets. Example: stage: { default: dev, description: Which environment }
   */
  vars?: {
    /**
     * The variable of this name, or just its default.
     */
    [k: string]: string | Variable
  }
  /**
   * Which hazards of a plan are allowed, whoever applies it. Example: { allow: [drops-data], never: [exposes-secret] }
   */
  policy?: Policy
  /**
   * Whether this file changes what the files before it declare (-f fdwsync.yaml -f overlay.yaml): maps merge, null removes, lists and values replace. Default: false
   */
  overlay?: boolean
  /**
   * Copies of schemas of sources: for each table, a foreign table in one schema and a materialized view in another. Example: shop: { server: shop, remote_schema: public, proxy_schema: shop_proxy, schema: shop, indexes: { copy: true } }
   */
  mirrors?: {
    /**
     * The mirror of this name. The name appears in messages only.
     */
    [k: string]: Mirror
  }
}

/**
 * Options of a foreign server. Those of postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw are listed; the wrapper defines which exist.
 */
export interface ServerOptions {
  /**
   * The option's value.
   */
  [k: string]: string | Secret
}

/**
 * Options of a user mapping. Those of postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw are listed; the wrapper defines which exist.
 */
export interface UserMappingOptions {
  /**
   * The option's value.
   */
  [k: string]: string | Secret
}

/**
 * Options of a foreign table. Those of postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw are listed; the wrapper defines which exist.
 */
export interface TableOptions {
  /**
   * The option's value.
   */
  [k: string]: string | Secret
}

/**
 * Options of a column of a foreign table. Those of postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw are listed; the wrapper defines which exist.
 */
export interface ColumnOptions {
  /**
   * The option's value.
   */
  [k: string]: string | Secret
}

/**
 * Options of an import. Those of postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw are listed; the wrapper defines which exist.
 */
export interface ImportOptions {
  /**
   * The option's value.
   */
  [k: string]: string
}

/**
 * The exact name of an object that search_path finds, or its schema and name: { schema: s, name: n }
 */
export interface ObjectName {
  /**
   * The exact name of the object's schema. Example: pg_catalog
   */
  schema: string
  /**
   * The exact name of the object. Example: C
   */
  name: string
}

/**
 * A role, by its exact name; public means every role. Or { role: admin, with_grant_option: true }
 */
export interface Grantee {
  /**
   * The role, by its exact name; public means every role.
   */
  role: string
  /**
   * Whether the role may grant it to others (WITH GRANT OPTION). Default: false
   */
  with_grant_option?: boolean
}

/**
 * A role, by its exact name; public means every role. Or { role: admin, with_grant_option: true }, or { role: public, columns: [id] } for some columns only.
 */
export interface ColumnGrantee {
  /**
   * The role, by its exact name; public means every role.
   */
  role: string
  /**
   * Whether the role may grant it to others (WITH GRANT OPTION). Default: false
   */
  with_grant_option?: boolean
  /**
   * The columns for which the privilege is granted. Default: the whole relation.
   *
   * @minItems 1
   *
   * Items: Name of a column.
   */
  columns?: string[]
}

/**
 * Grants on a foreign server.
 */
export interface ServerGrants {
  /**
   * Roles that may create foreign tables and user mappings on it (USAGE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a foreign-data wrapper.
 */
export interface WrapperGrants {
  /**
   * Roles that may create servers with it (USAGE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a type.
 */
export interface TypeGrants {
  /**
   * Roles that may use it for columns and functions (USAGE); public means every role, which is PostgreSQL's default.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a schema.
 */
export interface SchemaGrants {
  /**
   * Roles that may access the objects in it (USAGE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
  /**
   * Roles that may create objects in it (CREATE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  create?: (string | Grantee)[]
}

/**
 * Grants on a foreign table or a materialized view.
 */
export interface RelationGrants {
  /**
   * Roles that may read it (SELECT); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  select?: (string | ColumnGrantee)[]
  /**
   * Roles that may insert rows (INSERT); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  insert?: (string | ColumnGrantee)[]
  /**
   * Roles that may update rows (UPDATE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  update?: (string | ColumnGrantee)[]
  /**
   * Roles that may delete rows (DELETE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  delete?: (string | Grantee)[]
  /**
   * Roles that may truncate it (TRUNCATE); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  truncate?: (string | Grantee)[]
  /**
   * Roles that may refer to it (REFERENCES); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  references?: (string | ColumnGrantee)[]
  /**
   * Roles that may create triggers on it (TRIGGER); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  trigger?: (string | Grantee)[]
  /**
   * Roles that may refresh and analyze it (MAINTAIN, PostgreSQL 17 and later); public means every role.
   *
   * Items: A role, or { role: admin, with_grant_option: true }.
   */
  maintain?: (string | Grantee)[]
}

/**
 * An SQL expression, or a map with the expression and how it is generated.
 */
export interface Generated {
  /**
   * The expression. Example: upper(name)
   */
  expression: string
  /**
   * Whether it is generated when it is read (VIRTUAL, PostgreSQL 18 and later). Default: false
   */
  virtual?: boolean
}

/**
 * A type (CREATE TYPE, CREATE DOMAIN): one of enum, domain and composite.
 */
export interface Type {
  /**
   * Attributes that something else manages: comment, owner, grants. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [comment, grants]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The values of an enumeration, in order. Values can be added. If one is removed or the order changes, the type is recreated, which is refused while something uses it. Example: [sad, ok, happy]
   *
   * Items: A value.
   */
  enum?: string[]
  /**
   * The base type of a domain, as SQL. Example: text
   */
  domain?: string
  /**
   * The collation of a domain or a range: its exact name, or { schema: s, name: n }. Default: that of its type
   */
  collation?: string | ObjectName
  /**
   * The subtype of a range type, as SQL. The range has the subtype's default operator class, and no canonical function. Example: float8
   */
  range?: string
  /**
   * The function that computes the difference of two values of the range's subtype, for GiST indexes and statistics: its exact name, or { schema: s, name: n }. Default: none. Example: float8mi
   */
  subtype_diff?: string | ObjectName
  /**
   * The name of the multirange type, which is created in the schema of the range. Default: the name that PostgreSQL picks, such as days_multirange
   */
  multirange?: string
  /**
   * Whether the domain is NOT NULL. Default: false
   */
  not_null?: boolean
  /**
   * The domain's DEFAULT, an SQL expression. Default: none
   */
  default?: string
  /**
   * The domain's CHECK constraints by name; VALUE is the value to check. The list is complete. Example: zip_check: value ~ '^[0-9]{5}$'
   */
  checks?: {
    /**
     * The constraint of this name.
     */
    [k: string]: string | CheckOfADomain
  }
  /**
   * The attributes of a composite type by name, in order. Example: { street: text, zip: zip }
   */
  composite?: {
    /**
     * The attribute of this name.
     */
    [k: string]: string | Attribute
  }
  /**
   * Refuses every plan that would drop or replace the type, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The roles that may use it. The list is complete: any other privilege is revoked, except the owner's; {} revokes all, including the USAGE that PostgreSQL grants to every role by default. If omitted: left alone, or reset to USAGE for every role if this manifest declared some before. Example: { usage: [analyst] }
   */
  grants?: TypeGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * The type's comment (COMMENT ON TYPE). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * An attribute of a composite type: its type (short form), or a map.
 */
export interface Attribute {
  /**
   * The attribute's data type, as SQL. Example: text
   */
  type: string
  /**
   * The attribute's collation: its exact name, or { schema: s, name: n }. Default: that of the type
   */
  collation?: string | ObjectName
  /**
   * The attribute's comment (COMMENT ON COLUMN). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * Attributes of a column of a materialized view.
 */
export interface ViewColumn {
  /**
   * The column's statistics target (SET STATISTICS). If omitted: left alone, or reset to the default if this manifest declared one before. Example: 500
   */
  statistics?: string
  /**
   * How large values are stored (SET STORAGE): plain, external, extended or main. If omitted: left alone, or reset to that of the type if this manifest declared one before.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * How large values are compressed (SET COMPRESSION): pglz, or lz4 if the server supports it. If omitted: left alone, or reset to the server's default if this manifest declared one before.
   */
  compression?: 'pglz' | 'lz4'
  /**
   * Attributes for the planner: n_distinct, n_distinct_inherited. If omitted: left alone, or removed if this manifest declared some before. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The column's comment (COMMENT ON COLUMN). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * The name of a column, or a map with its name and attributes.
 */
export interface NamedViewColumn {
  /**
   * The exact name of the column.
   */
  name: string
  /**
   * The column's statistics target (SET STATISTICS). If omitted: left alone, or reset to the default if this manifest declared one before. Example: 500
   */
  statistics?: string
  /**
   * How large values are stored (SET STORAGE): plain, external, extended or main. If omitted: left alone, or reset to that of the type if this manifest declared one before.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * How large values are compressed (SET COMPRESSION): pglz, or lz4 if the server supports it. If omitted: left alone, or reset to the server's default if this manifest declared one before.
   */
  compression?: 'pglz' | 'lz4'
  /**
   * Attributes for the planner: n_distinct, n_distinct_inherited. If omitted: left alone, or removed if this manifest declared some before. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The column's comment (COMMENT ON COLUMN). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * The exact name of an operator class that search_path finds, or { schema: s, name: n, parameters: { siglen: 32 } }, its schema and parameters as needed.
 */
export interface OperatorClass {
  /**
   * The exact name of the operator class's schema. Default: the first in search_path that has it.
   */
  schema?: string
  /**
   * The exact name of the operator class. Example: gist_trgm_ops
   */
  name: string
  /**
   * The operator class's parameters. Changing them replaces the index. Default: none. Example: { siglen: 32 }
   */
  parameters?: {
    /**
     * The parameter's value.
     */
    [k: string]: string
  }
}

/**
 * Which hazards are allowed. A hazard that it does not mention needs --allow.
 */
export interface Policy {
  /**
   * Hazards that need no --allow. Example: [drops-data]
   *
   * Items: A hazard.
   */
  allow?: string[]
  /**
   * Hazards that are refused even with --allow. Example: [exposes-secret]
   *
   * Items: A hazard.
   */
  never?: string[]
  /**
   * Roles that apply with --auto-approve alone: it allows every hazard that is not in never. Example: [deployer]
   *
   * Items: The exact name of the role that connects.
   */
  auto_approve?: string[]
}

/**
 * A variable. A number, a boolean or a text is its default.
 */
export interface Variable {
  /**
   * What its value must be. Default: text
   */
  type?: 'text' | 'integer' | 'boolean'
  /**
   * The value, if --var does not set one. A variable without a default has to be set. Example: dev
   */
  default?: string
  /**
   * What it is for, which validate lists.
   */
  description?: string
}

/**
 * An extension (CREATE EXTENSION).
 */
export interface Extension {
  /**
   * The schema of the extension's objects. Default: public for a new extension; an existing one stays in its schema. Changing it moves the extension, if it is relocatable.
   */
  schema?: string
  /**
   * The version to install or update to. The server must provide it, and an update path to it. Default: the control file's version for a new extension; an existing one keeps its version. Example: "1.1"
   */
  version?: string
  /**
   * Refuses every plan that would drop or replace the extension, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The extension's comment (COMMENT ON EXTENSION). If omitted: left alone, or reset to the extension's own if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A foreign-data wrapper (CREATE FOREIGN DATA WRAPPER). A wrapper that existed before is kept when its stanza is removed.
 */
export interface ForeignDataWrapper {
  /**
   * Attributes that something else manages: comment, owner, grants, options.NAME. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [options.token]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The function that fetches the data (HANDLER): its exact name, or { schema: s, name: n }. Default: none, or that of the wrapper's extension. Example: postgres_fdw_handler
   */
  handler?: string | ObjectName
  /**
   * The function that checks options (VALIDATOR): its exact name, or { schema: s, name: n }. Default: none, or that of the wrapper's extension. Example: postgres_fdw_validator
   */
  validator?: string | ObjectName
  /**
   * The wrapper's OPTIONS. The list is complete: an option that is not declared is dropped. The validator defines which exist: postgres_fdw, file_fdw, mysql_fdw, ogr_fdw and tds_fdw have none at this level. Example: { debug: true }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string | Secret
  }
  /**
   * Options whose values are secrets although their names do not suggest it: never shown, and never part of a statement. Every role of the database can read them all the same. Default: none. Example: [license]
   *
   * Items: The exact name of an option.
   */
  secret_options?: string[]
  /**
   * The role that owns it, a superuser. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { usage: [etl] }
   */
  grants?: WrapperGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the wrapper, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The wrapper's comment (COMMENT ON FOREIGN DATA WRAPPER). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A foreign server (CREATE SERVER).
 */
export interface Server {
  /**
   * Attributes that something else manages: comment, owner, grants, options.NAME, user_mappings.ROLE.OPTION. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [options.fetch_size, user_mappings.etl.password]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The foreign-data wrapper that manages the server. Changing it replaces the server. Default: postgres_fdw
   */
  foreign_data_wrapper?: string
  /**
   * The server's TYPE, which some wrappers use. Changing it replaces the server. Default: none
   */
  type?: string
  /**
   * The server's VERSION, which some wrappers use. Default: none. Example: 17.2
   */
  version?: string
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { usage: [analyst] }
   */
  grants?: ServerGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the server, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The server's comment (COMMENT ON SERVER). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
  /**
   * The former name of the server, which is renamed with everything that depends on it. It has no effect once applied, and can then be removed. Example: old_shop
   */
  renamed_from?: string
  /**
   * How many refreshes and loads may read from the server at once, over a whole run of fdwsync. It is no attribute of the server in the database. Default: no limit but --jobs
   */
  max_connections?: string
  /**
   * The server's OPTIONS. The list is complete: an option that is not declared is dropped. The wrapper defines which exist. Example: { host: shop-db.internal, port: 5432, dbname: shop, fetch_size: 10000 }
   */
  options?: ServerOptions
  /**
   * Options whose values are secrets although their names do not suggest it: never shown, and never part of a statement. Every role of the database can read them all the same. Default: none. Example: [license]
   *
   * Items: The exact name of an option.
   */
  secret_options?: string[]
  /**
   * User mappings by local role. The key public means PUBLIC; any other key is the exact name of a role. Example: etl: { user: mirror_reader, password: "${env:SHOP_PASSWORD}" }
   */
  user_mappings?: {
    /**
     * OPTIONS of this role's user mapping. The list is complete: an option that is not declared is dropped. postgres_fdw accepts user, password, password_required, sslcert, sslkey and others.
     */
    [k: string]: UserMappingOptions
  }
}

/**
 * A schema (CREATE SCHEMA) with the objects declared in it.
 */
export interface Schema {
  /**
   * Attributes that something else manages: comment, owner, grants. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [comment, grants]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { usage: [analyst] }
   */
  grants?: SchemaGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [create]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the schema, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The schema's comment (COMMENT ON SCHEMA). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
  /**
   * Enumerations, domains, ranges and composite types of this schema by name. Foreign columns use types of the source, which must exist here too. Example: mood: { enum: [sad, ok, happy] }
   */
  types?: {
    /**
     * The type of this name.
     */
    [k: string]: Type
  }
  /**
   * Schemas of sources to import (IMPORT FOREIGN SCHEMA). When a source changes, its foreign tables are altered column by column, added and dropped. A declaration under foreign_tables takes precedence over an imported table.
   *
   * Items: One import.
   */
  imports?: Import[]
  /**
   * Foreign tables of this schema by name.
   */
  foreign_tables?: {
    /**
     * The foreign table of this name.
     */
    [k: string]: ForeignTable
  }
  /**
   * Materialized views of this schema by name.
   */
  materialized_views?: {
    /**
     * The materialized view of this name.
     */
    [k: string]: MaterializedView
  }
  /**
   * Tables of this schema by name. Each holds what its query returned.
   */
  tables?: {
    /**
     * The table of this name.
     */
    [k: string]: Table
  }
}

/**
 * An import of a schema of a source (IMPORT FOREIGN SCHEMA). While the source cannot be reached, the last imported definitions are kept.
 */
export interface Import {
  /**
   * The foreign server to import from: one of servers, or one that exists in the database. The role that plans and applies needs a user mapping there.
   */
  server: string
  /**
   * The exact name of the schema at the source. Example: public
   */
  remote_schema: string
  /**
   * Only these tables (LIMIT TO). A table that the source does not have is an error. Default: every table
   *
   * @minItems 1
   *
   * Items: Name of a table at the source.
   */
  limit_to?: string[]
  /**
   * Every table except these (EXCEPT). Cannot be combined with limit_to.
   *
   * Items: Name of a table at the source.
   */
  except?: string[]
  /**
   * OPTIONS of the import, which depend on the wrapper. Example for postgres_fdw: { import_default: true, import_generated: false }. Defaults and generation expressions are imported only if they consist of immutable functions of PostgreSQL and its extensions; a plan lists the others, with what to declare. Through other wrappers they are not imported.
   */
  options?: ImportOptions
  /**
   * copy: the enumerations, domains, ranges and composite types of the source's columns are created here and kept in sync, in schemas with the same names as at the source, since imported columns refer to those. A declaration under types of that schema takes precedence. Checks and defaults are copied only if they consist of immutable functions of PostgreSQL and its extensions; a plan lists the others, with what to declare. Types of an extension need that extension. Checks of domains run here, as defined at the source. For PostgreSQL sources only. Default: the types must already exist here
   */
  types?: 'copy'
  /**
   * Overrides, by table. Example: orders: { columns: { total: { type: "numeric(12,2)" } } }
   */
  tables?: {
    /**
     * The imported table of this name.
     */
    [k: string]: ImportTable
  }
}

/**
 * Overrides of an imported foreign table.
 */
export interface ImportTable {
  /**
   * OPTIONS of the foreign table, which add to the imported ones or replace them. Example: { fetch_size: 10000 }
   */
  options?: TableOptions
  /**
   * Options of the table and its columns whose values are secrets although their names do not suggest it: never shown, and never part of a statement. Every role of the database can read them all the same. Default: none. Example: [license]
   *
   * Items: The exact name of an option.
   */
  secret_options?: string[]
  /**
   * Overrides of columns, by name. All other columns and attributes are as imported.
   */
  columns?: {
    /**
     * The column of this name: its type, or a map of attributes.
     */
    [k: string]: string | ImportColumn
  }
  /**
   * CHECK constraints by name. None are imported. Example: { sane_id: id > 0 }
   */
  checks?: {
    /**
     * The constraint of this name: its expression, or a map of its attributes.
     */
    [k: string]: string | Check
  }
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { select: [analyst] }
   */
  grants?: RelationGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the foreign table, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The foreign table's comment (COMMENT ON FOREIGN TABLE). None is imported. If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * Overrides of an imported column: its type (short form), or a map of attributes.
 */
export interface ImportColumn {
  /**
   * The column's data type here, as SQL. Default: the source's. Example: text
   */
  type?: string
  /**
   * Whether the column is NOT NULL. Default: as imported
   */
  not_null?: boolean
  /**
   * The column's DEFAULT, an SQL expression. Default: as imported
   */
  default?: string
  /**
   * The column's collation: its exact name, or { schema: s, name: n }. Default: as imported
   */
  collation?: string | ObjectName
  /**
   * OPTIONS of the column, which add to the imported ones or replace them.
   */
  options?: ColumnOptions
  /**
   * The column's comment (COMMENT ON COLUMN). None is imported.
   */
  comment?: string
}

/**
 * A copy of a schema of a source: each table is imported as a foreign table into proxy_schema, and copied into a materialized view of the same name in schema, or into a table. What is declared under schemas by the same name takes precedence over the mirror's. If a table no longer exists at the source, its copy is kept with its data until --allow drops-data.
 */
export interface Mirror {
  /**
   * The foreign server to import from: one of servers, or one that exists in the database. The role that plans and applies needs a user mapping there.
   */
  server: string
  /**
   * The exact name of the schema at the source. Example: public
   */
  remote_schema: string
  /**
   * Only these tables (LIMIT TO). A table that the source does not have is an error. Default: every table
   *
   * @minItems 1
   *
   * Items: Name of a table at the source.
   */
  limit_to?: string[]
  /**
   * Every table except these (EXCEPT). Cannot be combined with limit_to.
   *
   * Items: Name of a table at the source.
   */
  except?: string[]
  /**
   * The kinds of relations that are copied, if limit_to does not name them. Partitioned tables are tables. What belongs to an extension at the source is copied only if limit_to or tables names it. For PostgreSQL sources only: other wrappers import what they choose. Example: [tables, views]. Default: [tables]
   *
   * @minItems 1
   *
   * Items: A kind of relation at the source.
   */
  relations?: ('tables' | 'views' | 'materialized_views' | 'foreign_tables')[]
  /**
   * parent: a partitioned table is copied as one table. each: each of its partitions is copied instead, under its own name. For PostgreSQL sources only. Default: parent
   */
  partitions?: 'parent' | 'each'
  /**
   * OPTIONS of the import, which depend on the wrapper. Example for postgres_fdw: { import_default: true, import_generated: true }. Unlike with imports, a generated column is copied as a plain one by default (import_generated: false). Defaults and generation expressions are imported only if they consist of immutable functions of PostgreSQL and its extensions; a plan lists the others, with what to declare. Through other wrappers they are not imported.
   */
  options?: ImportOptions
  /**
   * The schema for the foreign tables. It is created if it does not exist.
   */
  proxy_schema: string
  /**
   * The schema for the copies. It is created if it does not exist.
   */
  schema: string
  /**
   * What the copies are. tables: tables with the primary keys of the source, which are in every dump with their data. Changing it builds each copy beside the present one, loads and then swaps it. Default: materialized_views
   */
  as?: 'materialized_views' | 'tables'
  /**
   * copy: the enumerations, domains, ranges and composite types of the source's columns are created here and kept in sync, in schemas with the same names as at the source, since imported columns refer to those. A declaration under types of that schema takes precedence. Checks and defaults are copied only if they consist of immutable functions of PostgreSQL and its extensions; a plan lists the others, with what to declare. Types of an extension need that extension. Checks of domains run here, as defined at the source. For PostgreSQL sources only. Default: the types must already exist here
   */
  types?: 'copy'
  /**
   * With types: copy, the schema to create the types in, for a role that may not create them in the schema that has their name at the source. It is created if it does not exist. Default: the schema that they have at the source
   */
  types_schema?: string
  /**
   * The refresh policy of the mirror's copies. Example: { max_age: 15min }
   */
  refresh?: Refresh
  /**
   * Indexes on the copies. Example: { copy: true, each: [{ method: gist, columns: [geom] }] }
   */
  indexes?: MirrorIndexes
  /**
   * Overrides, by table. Example: orders: { query: SELECT id, total FROM shop_proxy.orders WHERE total > 0 }
   */
  tables?: {
    /**
     * The table of this name.
     */
    [k: string]: MirrorTable
  }
}

/**
 * Which indexes the copies of a mirror get.
 */
export interface MirrorIndexes {
  /**
   * Whether to create the indexes of the source on the copies, with the same names; on views, those of primary keys too. Those that cannot be created here are omitted, with a warning. A table gets none that equals its primary key. For PostgreSQL sources only. Default: false
   */
  copy?: boolean
  /**
   * Indexes for every copy that has all of their columns. They are named as PostgreSQL would name them: orders_geom_idx. An index is omitted if the copy already gets an equal one from the source.
   *
   * Items: An index. At least one of its columns must be a plain column.
   */
  each?: Index[]
}

/**
 * Overrides for one table of a mirror.
 */
export interface MirrorTable {
  /**
   * Excludes the table: neither a foreign table nor a copy is created. Default: false
   */
  exclude?: boolean
  /**
   * The copy's query. With a query, the primary key and the indexes of the source are not copied. Default: every column and row. Example: SELECT id, total FROM shop_proxy.orders WHERE total > 0
   */
  query?: string
  /**
   * What this copy is. Default: what the mirror has
   */
  as?: 'materialized_views' | 'tables'
  /**
   * The primary key of a table. Default: that of the source, unless it has a query. Example: [id]
   */
  primary_key?: string[] | PrimaryKey
  /**
   * Columns of a table that are NOT NULL beside those of the primary key. The list is complete. Example: [customer_id]
   *
   * Items: Name of a column.
   */
  not_null?: string[]
  /**
   * Whether the table is UNLOGGED: faster to load, but empty after a crash of the server, and on standbys. Default: false
   */
  unlogged?: boolean
  /**
   * The refresh policy of this copy. Example: { max_age: 1d }
   */
  refresh?: Refresh
  /**
   * Whether the copy is loaded when it is created or found unpopulated. false leaves the load to a later refresh (WITH NO DATA). Default: true
   */
  populate?: boolean
  /**
   * Storage parameters (WITH) of the copy. If omitted: left alone, or reset if this manifest declared some before. If declared, the list is complete.
   */
  with?: {
    /**
     * The storage parameter's value.
     */
    [k: string]: string
  }
  /**
   * Further indexes on the copy, by name. An index with the name of a copied one replaces it. Example: orders_day_idx: { columns: [day] }
   */
  indexes?: {
    /**
     * The index of this name.
     */
    [k: string]: Index
  }
  /**
   * Extended statistics (CREATE STATISTICS) by name, which inform the planner about correlated columns. They are in the copy's schema. Example: orders_stx: { columns: [customer_id, region] }
   */
  statistics?: {
    /**
     * The statistics of this name.
     */
    [k: string]: Statistics
  }
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { select: [analyst] }
   */
  grants?: RelationGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the copy, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The copy's comment. If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A foreign table (CREATE FOREIGN TABLE).
 */
export interface ForeignTable {
  /**
   * Attributes that something else manages: comment, owner, grants, options.NAME. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [options.fetch_size, comment]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The foreign server of the table: one of servers, or one that exists in the database. Changing it replaces the table.
   */
  server: string
  /**
   * The table's OPTIONS. The list is complete: an option that is not declared is dropped. Example for postgres_fdw: { schema_name: audit, table_name: events }
   */
  options?: TableOptions
  /**
   * Options of the table and its columns whose values are secrets although their names do not suggest it: never shown, and never part of a statement. Every role of the database can read them all the same. Default: none. Example: [license]
   *
   * Items: The exact name of an option.
   */
  secret_options?: string[]
  /**
   * Columns by name, in the order in which a new table gets them. The list is complete: a column that is not declared is dropped, unless it comes from a table of inherits or partition_of. Example: { id: bigint, payload: { type: jsonb, not_null: true } }
   */
  columns?: {
    /**
     * The column of this name: its type, or a map of its attributes.
     */
    [k: string]: string | Column
  }
  /**
   * Local or foreign tables that the table inherits from (INHERITS): exact names, or { schema: s, name: n }. Their columns, checks and NOT NULL are inherited and need not be declared. The list is complete: the table stops inheriting from any other (NO INHERIT). Default: none. Example: [measurements]
   *
   * Items: A table: its exact name, or { schema: s, name: n }.
   */
  inherits?: (string | ObjectName)[]
  /**
   * The partitioned table that the table is a partition of, with its bound. The columns are inherited: declare only those with attributes of their own, such as options. Default: none; a partition without this key is detached. Example: { table: measurements, for_values: "FROM ('2024-01-01') TO ('2025-01-01')" }
   */
  partition_of?: PartitionOf
  /**
   * CHECK constraints by name. The list is complete: a constraint that is not declared is dropped, unless it comes from a table of inherits or partition_of. PostgreSQL does not enforce them on a foreign table, but the planner relies on them. Example: { sane_id: id > 0 }
   */
  checks?: {
    /**
     * The constraint of this name: its expression, or a map of its attributes.
     */
    [k: string]: string | Check
  }
  /**
   * The former name of the foreign table in this schema. It is renamed, and its dependents are kept. It has no effect once applied, and can then be removed. Example: old_orders
   */
  renamed_from?: string
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { select: [analyst, { role: public, columns: [id] }] }
   */
  grants?: RelationGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the foreign table, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The foreign table's comment (COMMENT ON FOREIGN TABLE). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A partitioned table and the bound of one of its partitions: either for_values or default.
 */
export interface PartitionOf {
  /**
   * The partitioned table: its exact name, or { schema: s, name: n }. It must not have a unique index.
   */
  table: string | ObjectName
  /**
   * The bound as SQL, without FOR VALUES. Changing it detaches the partition and attaches it with the new bound. Values are literals, casts of literals to built-in types, MINVALUE or MAXVALUE, since PostgreSQL evaluates a bound when it creates the partition. Examples: FROM ('2024-01-01') TO ('2025-01-01'), IN ('de', 'at'), WITH (MODULUS 4, REMAINDER 0)
   */
  for_values?: string
  /**
   * Whether it is the default partition, for rows that match no other. Default: false
   */
  default?: boolean
}

/**
 * A column of a foreign table: its type (short form), or a map of its attributes.
 */
export interface Column {
  /**
   * The column's data type, as SQL. Example: numeric(10,2)
   */
  type: string
  /**
   * Whether the column is NOT NULL, or a map of attributes of the constraint. PostgreSQL does not enforce it on a foreign table, but the planner relies on it. Default: false, or as inherited from a table of inherits or partition_of
   */
  not_null?: boolean | NotNull
  /**
   * The column's DEFAULT, an SQL expression. It is used for rows inserted through the foreign table. Default: none, or that of a table of inherits or partition_of; "NULL" means none in any case. Example: now()
   */
  default?: string
  /**
   * The column's collation: its exact name, or { schema: s, name: n }. Default: that of the type. Example: C
   */
  collation?: string | ObjectName
  /**
   * The SQL expression of a generated column, stored (GENERATED ALWAYS AS … STORED) or, on PostgreSQL 18 and later, virtual: { expression: …, virtual: true }. Default: not generated. Example: upper(name)
   */
  generated?: string | Generated
  /**
   * Declares it an identity column, whose values come from a sequence of its own for rows inserted through the foreign table: always or by_default (GENERATED … AS IDENTITY). It implies not_null. The options and the position of the sequence are left alone. Default: none
   */
  identity?: 'always' | 'by_default'
  /**
   * The column's OPTIONS. The list is complete: an option that is not declared is dropped. Example for postgres_fdw: { column_name: body }
   */
  options?: ColumnOptions
  /**
   * The column's statistics target (SET STATISTICS). If omitted: left alone, or reset to the default if this manifest declared one before. Example: 500
   */
  statistics?: string
  /**
   * How large values are stored (SET STORAGE): plain, external, extended or main. If omitted: left alone, or reset to that of the type if this manifest declared one before.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * Attributes for the planner: n_distinct, n_distinct_inherited. If omitted: left alone, or removed if this manifest declared some before. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The former name of the column. It is renamed, and its dependents are kept. Without the option column_name, postgres_fdw then reads the source's column with the new name. It has no effect once applied, and can then be removed. Example: amount
   */
  renamed_from?: string
  /**
   * The column's comment (COMMENT ON COLUMN). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * Whether it is NOT NULL or, on PostgreSQL 18 and later, a map of attributes of the constraint.
 */
export interface NotNull {
  /**
   * Whether tables that inherit from this one do not inherit it (NO INHERIT). Default: false
   */
  no_inherit?: boolean
  /**
   * Whether the planner must not rely on it (NOT VALID). Default: false, which validates an invalid one. For a foreign table, that reads no rows.
   */
  not_valid?: boolean
}

/**
 * A CHECK constraint: its expression (short form), or a map of its attributes.
 */
export interface Check {
  /**
   * The condition for each row, an SQL expression. Example: id > 0
   */
  expression: string
  /**
   * Whether tables that inherit from this one do not inherit it (NO INHERIT). Default: false
   */
  no_inherit?: boolean
  /**
   * Whether the planner must not rely on it (NOT VALID). Default: false, which validates an invalid constraint. For a foreign table, that reads no rows.
   */
  not_valid?: boolean
  /**
   * Whether it is documentation only (NOT ENFORCED, PostgreSQL 18 and later). Default: false
   */
  not_enforced?: boolean
  /**
   * The constraint's comment (COMMENT ON CONSTRAINT). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A CHECK constraint of a domain: its expression (short form), or a map of its attributes.
 */
export interface CheckOfADomain {
  /**
   * The condition for each value, an SQL expression; VALUE is the value to check. Example: value ~ '^[0-9]{5}$'
   */
  expression: string
  /**
   * Whether values that are already stored need not satisfy it (NOT VALID). Default: false, which validates an invalid constraint. That reads the local tables with columns of the domain.
   */
  not_valid?: boolean
  /**
   * The constraint's comment (COMMENT ON CONSTRAINT). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * How, and how often, a copy is brought up to date. A change of it is a step of its own, which reads no data. Nearest wins, key by key: the copy, the table of a mirror, the mirror, the manifest.
 */
export interface Refresh {
  /**
   * How a copy is refreshed. Of a materialized view: plain, with which readers wait until it is done; concurrently, with which they do not, but which needs a unique index on columns and takes longer. Of a table with a primary key, to write only the rows that differ: watermark, which reads the rows that its watermark shows to have changed; compare, which has the source compute digests and reads only blocks of rows that differ; merge, which reads everything. Of both: swap, which builds a new copy beside the old one and lets it take its place; and auto, the cheapest of these with which readers do not wait. Default: auto
   */
  strategy?: 'auto' | 'plain' | 'concurrently' | 'swap' | 'merge' | 'compare' | 'watermark'
  /**
   * A copy is stale if its last refresh began longer ago than that. Units are those of PostgreSQL: ms, s, min, h, d. none takes back a default. Default: none. Example: 15min
   */
  max_age?: string
  /**
   * When pg_cron refreshes it, which cannot be by strategy swap. In UTC unless cron.timezone is set: five fields as in a crontab, @daily and the like, or "30 seconds" (pg_cron 1.5 and later). none takes back a default. Default: none. Example: "* /15 * * * *"
   */
  schedule?: string
  /**
   * A single refresh is cancelled after that time. Units are those of PostgreSQL: ms, s, min, h, d. none takes back a default. Default: none. Example: 10min
   */
  timeout?: string
  /**
   * A query that is run before each refresh. If it returns what it returned at the last one, the refresh is skipped, and the copy counts as fresh. none takes back a default. Default: none. Example: SELECT max(updated_at), count(*) FROM shop_proxy.orders
   */
  skip_if_same?: string
  /**
   * Copies with the same group are refreshed in one transaction, so that they show one moment of the source. none takes back a default. Default: none. Example: orders
   */
  group?: string
  /**
   * Of a table: a column that grows with each change of a row at the source, so that a refresh reads only the rows that have changed. Example: { column: updated_at, overlap: 5min }
   */
  watermark?: Watermark
}

/**
 * A column that grows with each change of a row at the source.
 */
export interface Watermark {
  /**
   * The column: a date, a time with a date, or a number. With an index on it at the source, a refresh costs little. Rows in which it is null are read each time.
   */
  column: string
  /**
   * How far below the highest value that was read before a refresh reads again: a duration such as 5min for times and dates, a number for numbers. Longer than any transaction of the source takes, so that a row that is committed late is not missed. Default: 5min for times, 1d for dates, 1000 for numbers
   */
  overlap?: string | number
  /**
   * How rows that are gone are found: how often keys are compared, never, or a condition on rows that the source marks as deleted. Default: 1d. Example: { soft: deleted_at IS NOT NULL }
   */
  deletes?:
    | string
    | {
        /**
         * A condition on the columns of the query. Rows that meet it are not kept.
         */
        soft: string
      }
  /**
   * How often everything is compared, to find what the watermark does not show: a duration, or never. Default: 7d
   */
  full?: string
}

/**
 * Where pg_cron is.
 */
export interface Cron {
  /**
   * The database with the extension pg_cron (cron.database_name), if that is not the target. Example: postgres
   */
  database?: string
}

/**
 * A materialized view (CREATE MATERIALIZED VIEW).
 */
export interface MaterializedView {
  /**
   * Attributes that something else manages: comment, owner, grants. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [comment, grants]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The view's query: one SELECT, TABLE, VALUES or WITH … SELECT. Changing it rebuilds the view. Example: SELECT * FROM shop_proxy.orders
   */
  query: string
  /**
   * The refresh policy of the view. Example: { max_age: 15min, strategy: swap }
   */
  refresh?: Refresh
  /**
   * Whether the view is loaded when it is created or found unpopulated. false leaves the load to a later refresh (WITH NO DATA). Default: true
   */
  populate?: boolean
  /**
   * Storage parameters (WITH), those of the TOAST table as toast.NAME. If omitted: left alone, or reset if this manifest declared some before. If declared, the list is complete. Example: { fillfactor: 100, autovacuum_enabled: false }
   */
  with?: {
    /**
     * The storage parameter's value.
     */
    [k: string]: string
  }
  /**
   * The view's columns: a list gives names in order, as CREATE MATERIALIZED VIEW v (a, b) does; a map only sets attributes of columns that the query names. Default: as the query names them. Example: [id, { name: total, comment: with tax }]
   */
  columns?:
    | (string | NamedViewColumn)[]
    | {
        /**
         * Attributes of a column of a materialized view.
         */
        [k: string]: ViewColumn
      }
  /**
   * The table access method (USING). Changing it replaces the view. Default: the server's default_table_access_method
   */
  access_method?: string
  /**
   * The tablespace. Default: that of the database
   */
  tablespace?: string
  /**
   * The index of this view that CLUSTER uses (CLUSTER ON). If omitted: left alone, or unset if this manifest declared one before. Example: orders_id_idx
   */
  cluster_on?: string
  /**
   * Indexes on the view by name. They are in the view's schema, where no other relation may have the same name. Example: orders_id_idx: { unique: true, columns: [id] }
   */
  indexes?: {
    /**
     * The index of this name.
     */
    [k: string]: Index
  }
  /**
   * Extended statistics (CREATE STATISTICS) by name, which inform the planner about correlated columns. They are in the view's schema. Example: orders_stx: { columns: [customer_id, region] }
   */
  statistics?: {
    /**
     * The statistics of this name.
     */
    [k: string]: Statistics
  }
  /**
   * The former name of the materialized view in this schema. It is renamed with its data, and its dependents are kept. It has no effect once applied, and can then be removed. Example: old_orders
   */
  renamed_from?: string
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { select: [analyst, { role: admin, with_grant_option: true }] }
   */
  grants?: RelationGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the materialized view, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The view's comment (COMMENT ON MATERIALIZED VIEW). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * The primary key: the names of its columns, or a map with a name and further columns that its index stores. Default name: that of PostgreSQL, such as orders_pkey. Example: [id]
 *
 * @minItems 1
 */
export interface PrimaryKey {
  /**
   * The name of the constraint and its index. Default: that of PostgreSQL, such as orders_pkey
   */
  name?: string
  /**
   * The columns of the key, in order. Example: [id]
   *
   * @minItems 1
   *
   * Items: Name of a column.
   */
  columns: string[]
  /**
   * Columns that the index stores without being keys (INCLUDE). Default: none. Example: [total]
   *
   * Items: Name of a column.
   */
  include?: string[]
}

/**
 * A table that holds what its query returned when it was last refreshed. Unlike a materialized view, it is in every dump with its data, and a refresh can write only what differs. The query is kept as a view in schema fdwsync_source.
 */
export interface Table {
  /**
   * The table's query: one SELECT, TABLE, VALUES or WITH … SELECT. Its columns and their types are the table's. Changing it rebuilds the table beside the old one. Example: SELECT * FROM shop_proxy.orders
   */
  query: string
  /**
   * The primary key: the names of its columns, or a map with a name and further columns that its index stores. Default name: that of PostgreSQL, such as orders_pkey. Example: [id]
   */
  primary_key?: string[] | PrimaryKey
  /**
   * Columns that are NOT NULL beside those of the primary key. The list is complete. Example: [customer_id]
   *
   * Items: Name of a column.
   */
  not_null?: string[]
  /**
   * Whether the table is UNLOGGED: faster to load, but empty after a crash of the server, and on standbys. Default: false
   */
  unlogged?: boolean
  /**
   * Attributes that something else manages: comment, owner, grants. They are neither drift nor changed. What is declared for them is used only when the object is created. Example: [comment, grants]
   *
   * Items: The name of an attribute.
   */
  ignore?: string[]
  /**
   * The refresh policy of the table. Example: { max_age: 15min, strategy: merge }
   */
  refresh?: Refresh
  /**
   * Whether the table is loaded when it is created or found unpopulated. false leaves the load to a later refresh (WITH NO DATA). Default: true
   */
  populate?: boolean
  /**
   * Storage parameters (WITH), those of the TOAST table as toast.NAME. If omitted: left alone, or reset if this manifest declared some before. If declared, the list is complete. Example: { fillfactor: 100, autovacuum_enabled: false }
   */
  with?: {
    /**
     * The storage parameter's value.
     */
    [k: string]: string
  }
  /**
   * The table's columns: a list gives names in order, as CREATE TABLE v (a, b) does; a map only sets attributes of columns that the query names. Default: as the query names them. Example: [id, { name: total, comment: with tax }]
   */
  columns?:
    | (string | NamedViewColumn)[]
    | {
        /**
         * Attributes of a column of a materialized view.
         */
        [k: string]: ViewColumn
      }
  /**
   * The table access method (USING). Changing it replaces the table. Default: the server's default_table_access_method
   */
  access_method?: string
  /**
   * The tablespace. Default: that of the database
   */
  tablespace?: string
  /**
   * The index of this table that CLUSTER uses (CLUSTER ON). If omitted: left alone, or unset if this manifest declared one before. Example: orders_id_idx
   */
  cluster_on?: string
  /**
   * Indexes on the table by name. They are in the table's schema, where no other relation may have the same name. Example: orders_id_idx: { unique: true, columns: [id] }
   */
  indexes?: {
    /**
     * The index of this name.
     */
    [k: string]: Index
  }
  /**
   * Extended statistics (CREATE STATISTICS) by name, which inform the planner about correlated columns. They are in the table's schema. Example: orders_stx: { columns: [customer_id, region] }
   */
  statistics?: {
    /**
     * The statistics of this name.
     */
    [k: string]: Statistics
  }
  /**
   * The former name of the table in this schema. It is renamed with its data, and its dependents are kept. It has no effect once applied, and can then be removed. Example: old_orders
   */
  renamed_from?: string
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The privileges of other roles. The list is complete: any other privilege is revoked, except the owner's; {} revokes all. If omitted: left alone, or revoked if this manifest declared some before. Example: { select: [analyst, { role: admin, with_grant_option: true }] }
   */
  grants?: RelationGrants
  /**
   * Privileges that are revoked from the owner, who may grant them to itself again. The list is complete; [] revokes none. If omitted: left alone, or granted back if this manifest declared some before. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop or replace the table, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The table's comment (COMMENT ON TABLE). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * An index (CREATE INDEX).
 */
export interface Index {
  /**
   * The index access method (USING): btree, hash, gist, spgist, gin, brin, or that of an extension. Default: btree
   */
  method?: string
  /**
   * Whether the index is UNIQUE. REFRESH MATERIALIZED VIEW CONCURRENTLY needs a unique index of plain columns without where. Default: false
   */
  unique?: boolean
  /**
   * The key columns in order: column names, or maps with a column or an expression. Example: [customer_id, { column: placed_at, order: desc }]
   *
   * @minItems 1
   *
   * Items: A key column of an index: the exact name of a column (short form), or a map with either column or expression.
   */
  columns: (string | IndexColumn)[]
  /**
   * Columns that the index stores without being keys (INCLUDE). Default: none. Example: [total]
   *
   * Items: Name of a column.
   */
  include?: string[]
  /**
   * The condition of a partial index, an SQL expression. Default: every row. Example: total > 0
   */
  where?: string
  /**
   * Whether a unique index treats nulls as equal (NULLS NOT DISTINCT, PostgreSQL 15 and later). Default: false
   */
  nulls_not_distinct?: boolean
  /**
   * Storage parameters (WITH), such as fillfactor. If omitted: left alone, or removed if this manifest declared some before. {} removes all. Example: { fillfactor: 70 }
   */
  with?: {
    /**
     * The parameter's value.
     */
    [k: string]: string
  }
  /**
   * The tablespace. Default: that of the database
   */
  tablespace?: string
  /**
   * The former name of the index, which is renamed instead of rebuilt. It has no effect once applied, and can then be removed. Example: old_orders_id_idx
   */
  renamed_from?: string
  /**
   * Refuses every plan that would drop or replace the index, including destroy and the removal of its stanza, until an apply has seen protect removed or false. Renames and changes in place remain allowed. Default: false
   */
  protect?: boolean
  /**
   * The index's comment (COMMENT ON INDEX). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * Extended statistics (CREATE STATISTICS): of at least two columns or expressions, or of one expression.
 */
export interface Statistics {
  /**
   * Names of columns of the view. Their order has no meaning. Example: [customer_id, region]
   *
   * Items: Name of a column.
   */
  columns?: string[]
  /**
   * SQL expressions over the view's columns, without parentheses around them. Example: ["date_trunc('month', placed_at)"]
   *
   * Items: An SQL expression.
   */
  expressions?: string[]
  /**
   * The kinds to collect: ndistinct, dependencies, mcv. Not for a single expression. Default: all of them
   *
   * @minItems 1
   *
   * Items: One of ndistinct, dependencies, mcv.
   */
  kinds?: ('ndistinct' | 'dependencies' | 'mcv')[]
  /**
   * The statistics target (ALTER STATISTICS … SET STATISTICS). If omitted: left alone, or reset to the default if this manifest declared one before. Example: 500
   */
  target?: string
  /**
   * The role that owns it. If omitted: left alone, or given to the role that applies if this manifest declared one before.
   */
  owner?: string
  /**
   * The comment (COMMENT ON STATISTICS). If omitted: left alone, or removed if this manifest declared one before. "" removes it.
   */
  comment?: string
}

/**
 * A key column of an index: the exact name of a column (short form), or a map with either column or expression.
 */
export interface IndexColumn {
  /**
   * The exact name of a column of the view. Either this or expression.
   */
  column?: string
  /**
   * An SQL expression over the view's columns, without parentheses around it. Either this or column. Example: date_trunc('day', placed_at)
   */
  expression?: string
  /**
   * The sort order: asc or desc. Only for access methods that can order (btree). Default: asc
   */
  order?: 'asc' | 'desc'
  /**
   * Whether nulls sort first or last. Only for access methods that can order (btree). Default: last with asc, first with desc
   */
  nulls?: 'first' | 'last'
  /**
   * The operator class: its exact name, or { schema: s, name: n, parameters: { … } }. Default: that of the column's type. Example: text_pattern_ops
   */
  operator_class?: string | OperatorClass
  /**
   * The collation: its exact name, or { schema: s, name: n }. Default: that of the column or expression. Example: C
   */
  collation?: string | ObjectName
  /**
   * The statistics target of an expression (ALTER INDEX … SET STATISTICS). If omitted: left alone, or reset to the default if this manifest declared one before. Example: 500
   */
  statistics?: string
}

