// Made from schemas/manifest.schema.json by "npm run generate". Do not edit.

import type { Secret } from '../../core/secret.ts'

/**
 * A manifest of fdwsync: the foreign servers, foreign tables and materialized views that a PostgreSQL database shall have.
 */
export interface Manifest {
  /**
   * The version of the manifest's format: 1.
   */
  version: 1
  /**
   * The manifest's own name, unique in a target database. What the manifest creates or adopts is recorded under it, and removed when its stanza goes. Example: shop-mirror
   */
  name: string
  /**
   * The schemas in which SQL in this manifest (types, defaults, checks, queries, expressions) looks up unqualified names, in this order. pg_catalog is always searched. Default: [public]
   *
   * Items: Name of a schema.
   */
  search_path?: string[]
  /**
   * Extensions by name. Example: postgres_fdw: {}
   */
  extensions?: {
    /**
     * The extension of this name; {} takes every default.
     */
    [k: string]: Extension
  }
  /**
   * Foreign-data wrappers by name, for those that no extension brings, or to set options of those that one does. Making or altering one takes a superuser.
   */
  foreign_data_wrappers?: {
    /**
     * The foreign-data wrapper of this name; {} is one without a handler, or as its extension makes it.
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
   * Schemas of the target database by name, with what is declared in them. One that does not exist is created.
   */
  schemas?: {
    /**
     * The schema of this name; {} is one without further declarations.
     */
    [k: string]: Schema
  }
  /**
   * Local copies of whole schemas of sources: for each table a foreign table in one schema and a materialized view in another. Example: shop: { server: shop, remote_schema: public, proxy_schema: shop_proxy, schema: shop, indexes: { copy: true } }
   */
  mirrors?: {
    /**
     * The mirror of this name, which is for messages only.
     */
    [k: string]: Mirror
  }
}

/**
 * The exact name of an object that search_path finds, or its schema and name: { schema: s, name: n }
 */
export interface ObjectName {
  /**
   * The schema that holds the object, exact. Example: pg_catalog
   */
  schema: string
  /**
   * The object's name within that schema, exact. Example: C
   */
  name: string
}

/**
 * A role, by its exact name; public stands for everybody. Or { role: lead, with_grant_option: true }
 */
export interface Grantee {
  /**
   * The role, by its exact name; public stands for everybody.
   */
  role: string
  /**
   * Whether the role may pass it on (WITH GRANT OPTION). Default: false
   */
  with_grant_option?: boolean
}

/**
 * A role, by its exact name; public stands for everybody. Or { role: lead, with_grant_option: true }, or { role: public, columns: [id] } for some columns only.
 */
export interface ColumnGrantee {
  /**
   * The role, by its exact name; public stands for everybody.
   */
  role: string
  /**
   * Whether the role may pass it on (WITH GRANT OPTION). Default: false
   */
  with_grant_option?: boolean
  /**
   * The columns that the role gets it on. Default: the whole relation.
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
   * Roles that may make foreign tables and user mappings on it (USAGE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a foreign-data wrapper.
 */
export interface WrapperGrants {
  /**
   * Roles that may make servers with it (USAGE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a type.
 */
export interface TypeGrants {
  /**
   * Roles that may use it for columns and functions (USAGE); public stands for everybody, who may unless that is revoked.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
}

/**
 * Grants on a schema.
 */
export interface SchemaGrants {
  /**
   * Roles that may use what is in it (USAGE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  usage?: (string | Grantee)[]
  /**
   * Roles that may make something in it (CREATE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  create?: (string | Grantee)[]
}

/**
 * Grants on a foreign table or a materialized view.
 */
export interface RelationGrants {
  /**
   * Roles that may read it (SELECT); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  select?: (string | ColumnGrantee)[]
  /**
   * Roles that may insert rows (INSERT); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  insert?: (string | ColumnGrantee)[]
  /**
   * Roles that may update rows (UPDATE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  update?: (string | ColumnGrantee)[]
  /**
   * Roles that may delete rows (DELETE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  delete?: (string | Grantee)[]
  /**
   * Roles that may truncate it (TRUNCATE); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  truncate?: (string | Grantee)[]
  /**
   * Roles that may refer to it (REFERENCES); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  references?: (string | ColumnGrantee)[]
  /**
   * Roles that may make triggers on it (TRIGGER); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  trigger?: (string | Grantee)[]
  /**
   * Roles that may refresh and analyze it (MAINTAIN, from PostgreSQL 17 on); public stands for everybody.
   *
   * Items: A role, or { role: lead, with_grant_option: true }.
   */
  maintain?: (string | Grantee)[]
}

/**
 * An SQL expression, or a map of it and of how it is generated.
 */
export interface Generated {
  /**
   * The expression. Example: upper(name)
   */
  expression: string
  /**
   * Whether it is generated when it is read (VIRTUAL, from PostgreSQL 18 on). Default: false
   */
  virtual?: boolean
}

/**
 * A type (CREATE TYPE, CREATE DOMAIN): one of enum, domain and composite.
 */
export interface Type {
  /**
   * The values of an enumeration, in order. Values can be added; without one or in another order the type is made anew, which is refused while something uses it. Example: [sad, ok, happy]
   *
   * Items: A value.
   */
  enum?: string[]
  /**
   * The type that a domain is made of, as SQL. Example: text
   */
  domain?: string
  /**
   * The domain's collation: its exact name, or { schema: s, name: n }. Default: that of its type
   */
  collation?: string | ObjectName
  /**
   * Whether the domain is NOT NULL. Default: false
   */
  not_null?: boolean
  /**
   * The domain's DEFAULT, an SQL expression. Default: none
   */
  default?: string
  /**
   * The domain's CHECK constraints by name; VALUE stands for the value. The list is complete. Example: zip_check: value ~ '^[0-9]{5}$'
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
   * Refuses every plan that would drop the type or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may use it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing, not even what PostgreSQL lets everybody. Not declared: left alone, or back to everybody's USAGE if this manifest had declared some. Example: { usage: [analyst] }
   */
  grants?: TypeGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * The type's comment (COMMENT ON TYPE). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
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
   * The attribute's comment (COMMENT ON COLUMN). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * Attributes of a column of a materialized view.
 */
export interface ViewColumn {
  /**
   * The column's statistics target (SET STATISTICS). Not declared: left alone, or the default if this manifest had declared one. Example: 500
   */
  statistics?: string
  /**
   * How large values are kept (SET STORAGE): plain, external, extended or main. Not declared: left alone, or that of the type if this manifest had declared one.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * How large values are compressed (SET COMPRESSION): pglz, or lz4 where the server has it. Not declared: left alone, or the server's default if this manifest had declared one.
   */
  compression?: 'pglz' | 'lz4'
  /**
   * Attributes of the column for the planner: n_distinct, n_distinct_inherited. Not declared: left alone, or removed if this manifest had declared some. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The column's comment (COMMENT ON COLUMN). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * The name of a column, or a map of its name and attributes.
 */
export interface NamedViewColumn {
  /**
   * The column's name, exact.
   */
  name: string
  /**
   * The column's statistics target (SET STATISTICS). Not declared: left alone, or the default if this manifest had declared one. Example: 500
   */
  statistics?: string
  /**
   * How large values are kept (SET STORAGE): plain, external, extended or main. Not declared: left alone, or that of the type if this manifest had declared one.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * How large values are compressed (SET COMPRESSION): pglz, or lz4 where the server has it. Not declared: left alone, or the server's default if this manifest had declared one.
   */
  compression?: 'pglz' | 'lz4'
  /**
   * Attributes of the column for the planner: n_distinct, n_distinct_inherited. Not declared: left alone, or removed if this manifest had declared some. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The column's comment (COMMENT ON COLUMN). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * The exact name of an operator class that search_path finds, or { schema: s, name: n, parameters: { siglen: 32 } }, its schema and parameters as needed.
 */
export interface OperatorClass {
  /**
   * The schema that holds the operator class, exact. Default: search_path finds it.
   */
  schema?: string
  /**
   * The operator class's name, exact. Example: gist_trgm_ops
   */
  name: string
  /**
   * The operator class's parameters. Another one replaces the index. Default: none. Example: { siglen: 32 }
   */
  parameters?: {
    /**
     * The parameter's value.
     */
    [k: string]: string
  }
}

/**
 * An extension (CREATE EXTENSION).
 */
export interface Extension {
  /**
   * The schema that holds the extension's objects. Default: public for a new extension; one that exists stays where it is. Another one moves it, if it is relocatable.
   */
  schema?: string
  /**
   * The version to install or to update to; the server must have it, and updates that lead there. Default: the control file's version for a new extension; one that exists keeps its version. Example: "1.1"
   */
  version?: string
  /**
   * Refuses every plan that would drop the extension or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The extension's comment (COMMENT ON EXTENSION). Not declared: left alone, or back to the one that it comes with if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A foreign-data wrapper (CREATE FOREIGN DATA WRAPPER). One that existed before stays when its stanza goes.
 */
export interface ForeignDataWrapper {
  /**
   * The function that gets the data (HANDLER): its exact name, or { schema: s, name: n }. Default: none, or what the wrapper's extension says. Example: postgres_fdw_handler
   */
  handler?: string | ObjectName
  /**
   * The function that checks options (VALIDATOR): its exact name, or { schema: s, name: n }. Default: none, or what the wrapper's extension says. Example: postgres_fdw_validator
   */
  validator?: string | ObjectName
  /**
   * The wrapper's OPTIONS. The list is complete: an option that is not declared is dropped. Which there are depends on the validator. Example: { debug: true }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * The role that owns it, a superuser. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { usage: [etl] }
   */
  grants?: WrapperGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the wrapper or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The wrapper's comment (COMMENT ON FOREIGN DATA WRAPPER). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A foreign server (CREATE SERVER).
 */
export interface Server {
  /**
   * The foreign-data wrapper that manages the server. Another one replaces the server. Default: postgres_fdw
   */
  foreign_data_wrapper?: string
  /**
   * The server's TYPE, which some wrappers use. Another one replaces the server. Default: none
   */
  type?: string
  /**
   * The server's VERSION, which some wrappers use. Default: none. Example: 17.2
   */
  version?: string
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { usage: [analyst] }
   */
  grants?: ServerGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [usage]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the server or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The server's comment (COMMENT ON SERVER). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
  /**
   * The name that the server had when it was last applied: it is renamed, and all that stands on it stays. Once applied it says nothing and can be removed. Example: old_shop
   */
  renamed_from?: string
  /**
   * The server's OPTIONS. The list is complete: an option that is not declared is dropped. Which there are depends on the wrapper. Example: { host: shop-db.internal, port: 5432, dbname: shop, fetch_size: 10000 }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * User mappings by local role. The key public stands for PUBLIC, any other key for the role of exactly that name. Example: etl: { user: mirror_reader, password: "${env:SHOP_PASSWORD}" }
   */
  user_mappings?: {
    /**
     * OPTIONS of this role's user mapping. The list is complete: an option that is not declared is dropped. postgres_fdw knows user, password, password_required, sslcert, sslkey and others.
     */
    [k: string]: {
      /**
       * The option's value. Keep secrets out of the manifest by a reference: "${env:SHOP_PASSWORD}", or "${file:secrets/shop}" relative to the manifest.
       */
      [k: string]: string | Secret
    }
  }
}

/**
 * A schema (CREATE SCHEMA) with what is declared in it.
 */
export interface Schema {
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { usage: [analyst] }
   */
  grants?: SchemaGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [create]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the schema or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The schema's comment (COMMENT ON SCHEMA). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
  /**
   * Enumerations, domains and composite types of this schema by name: foreign columns use the source's types, which must exist here first. Example: mood: { enum: [sad, ok, happy] }
   */
  types?: {
    /**
     * The type of this name.
     */
    [k: string]: Type
  }
  /**
   * Whole schemas of sources (IMPORT FOREIGN SCHEMA), kept true: when the source changes, the foreign tables are altered column by column, added and dropped. A table that is also spelled out under foreign_tables is taken from there.
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
}

/**
 * A schema of a source, imported (IMPORT FOREIGN SCHEMA) and kept true. When the source can not be asked, what was applied last is kept.
 */
export interface Import {
  /**
   * The foreign server to import from: one of servers, or one that exists in the database. The role that plans and applies needs a user mapping there.
   */
  server: string
  /**
   * The schema of the source, exact. Example: public
   */
  remote_schema: string
  /**
   * Only these tables (LIMIT TO). One that the source does not have is an error. Default: every table
   *
   * @minItems 1
   *
   * Items: Name of a table at the source.
   */
  limit_to?: string[]
  /**
   * Every table but these (EXCEPT). Not together with limit_to.
   *
   * Items: Name of a table at the source.
   */
  except?: string[]
  /**
   * OPTIONS of the import, which depend on the wrapper. Example for postgres_fdw: { import_default: true, import_generated: false }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * copy: the enumerations, domains and composite types that the columns of the source's tables use are made here, in a schema of the source's name for it, which is what imported columns name, and kept as at the source. One that is spelled out under types of that schema is taken from there. Types of an extension need that extension. Checks of domains run here, as the source wrote them. From PostgreSQL sources only. Default: what is used must be here already
   */
  types?: 'copy'
  /**
   * What is to be otherwise than at the source, by table. Example: orders: { columns: { total: { type: "numeric(12,2)" } } }
   */
  tables?: {
    /**
     * The imported table of this name.
     */
    [k: string]: ImportTable
  }
}

/**
 * What is declared of an imported foreign table on top of what the source says.
 */
export interface ImportTable {
  /**
   * OPTIONS of the foreign table, in addition to the imported ones, or in their place. Example: { fetch_size: 10000 }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * Columns by name: what is to be otherwise than imported. All other columns, and all other attributes, are as imported.
   */
  columns?: {
    /**
     * The column of this name: its type, or a map of attributes.
     */
    [k: string]: string | ImportColumn
  }
  /**
   * CHECK constraints by name; none is imported. Example: { sane_id: id > 0 }
   */
  checks?: {
    /**
     * The constraint of this name: its expression, or a map of its attributes.
     */
    [k: string]: string | Check
  }
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { select: [analyst] }
   */
  grants?: RelationGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the foreign table or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The foreign table's comment (COMMENT ON FOREIGN TABLE); none is imported. Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * What is declared of an imported column: its type (short form), or a map of attributes.
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
   * OPTIONS of the column, in addition to the imported ones, or in their place.
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * The column's comment (COMMENT ON COLUMN); none is imported.
   */
  comment?: string
}

/**
 * A local copy of a schema of a source: each table is imported as a foreign table into proxy_schema, and copied into a materialized view of the same name in schema. A foreign table or materialized view of that name that is spelled out under schemas takes the place of the mirror's. The view of a table that is gone at the source stays, with its data, until --allow drops-data.
 */
export interface Mirror {
  /**
   * The foreign server to import from: one of servers, or one that exists in the database. The role that plans and applies needs a user mapping there.
   */
  server: string
  /**
   * The schema of the source, exact. Example: public
   */
  remote_schema: string
  /**
   * Only these tables (LIMIT TO). One that the source does not have is an error. Default: every table
   *
   * @minItems 1
   *
   * Items: Name of a table at the source.
   */
  limit_to?: string[]
  /**
   * Every table but these (EXCEPT). Not together with limit_to.
   *
   * Items: Name of a table at the source.
   */
  except?: string[]
  /**
   * OPTIONS of the import, which depend on the wrapper. Example for postgres_fdw: { import_default: true, import_generated: false }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * The schema for the foreign tables. Made if it does not exist.
   */
  proxy_schema: string
  /**
   * The schema for the materialized views. Made if it does not exist.
   */
  schema: string
  /**
   * copy: the enumerations, domains and composite types that the columns of the source's tables use are made here, in a schema of the source's name for it, which is what imported columns name, and kept as at the source. One that is spelled out under types of that schema is taken from there. Types of an extension need that extension. Checks of domains run here, as the source wrote them. From PostgreSQL sources only. Default: what is used must be here already
   */
  types?: 'copy'
  /**
   * Indexes on the views. Example: { copy: true, each: [{ method: gist, columns: [geom] }] }
   */
  indexes?: MirrorIndexes
  /**
   * What is to be otherwise, by table. Example: orders: { query: SELECT id, total FROM shop_proxy.orders WHERE total > 0 }
   */
  tables?: {
    /**
     * The table of this name.
     */
    [k: string]: MirrorTable
  }
}

/**
 * Which indexes the views of a mirror get.
 */
export interface MirrorIndexes {
  /**
   * Whether the source's own primary keys and indexes are made on the views, under their names. What can't be made here is left out, and said. From PostgreSQL sources only. Default: false
   */
  copy?: boolean
  /**
   * Indexes for every view that has all of their columns. Their names are made as PostgreSQL makes them: orders_geom_idx. Where one of the source's does the same it is enough.
   *
   * Items: One index; at least one of its columns is a plain one.
   */
  each?: Index[]
}

/**
 * What is otherwise for one table of a mirror.
 */
export interface MirrorTable {
  /**
   * Leaves the table out, foreign table and view. Default: false
   */
  exclude?: boolean
  /**
   * The view's query. Then no index of the source is copied for it. Default: every column and row. Example: SELECT id, total FROM shop_proxy.orders WHERE total > 0
   */
  query?: string
  /**
   * Whether the view is filled when it is made or found unpopulated. false leaves that to a later refresh (WITH NO DATA). Default: true
   */
  populate?: boolean
  /**
   * Storage parameters (WITH) of the view. Not declared: left alone, or reset if this manifest had declared them. Declared: the list is complete.
   */
  with?: {
    /**
     * The storage parameter's value.
     */
    [k: string]: string
  }
  /**
   * More indexes on the view by name. One that has the name of a copied one takes its place. Example: orders_day_idx: { columns: [day] }
   */
  indexes?: {
    /**
     * The index of this name.
     */
    [k: string]: Index
  }
  /**
   * Extended statistics (CREATE STATISTICS) by name, which tell the planner how columns go together. They stand in the view's schema. Example: orders_stx: { columns: [customer_id, region] }
   */
  statistics?: {
    /**
     * The statistics of this name.
     */
    [k: string]: Statistics
  }
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { select: [analyst] }
   */
  grants?: RelationGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the materialized view or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The view's comment (COMMENT ON MATERIALIZED VIEW). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A foreign table (CREATE FOREIGN TABLE).
 */
export interface ForeignTable {
  /**
   * The foreign server that the table is on: one of servers, or one that exists in the database. Another one replaces the table.
   */
  server: string
  /**
   * The table's OPTIONS. The list is complete: an option that is not declared is dropped. Example for postgres_fdw: { schema_name: audit, table_name: events }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
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
   * Tables that the table inherits from (INHERITS), local ones or foreign tables: exact names, or { schema: s, name: n }. Their columns, checks and NOT NULL come with them and need not be declared. The list is complete: a table that is not declared is left (NO INHERIT). Default: none. Example: [measurements]
   *
   * Items: A table: its exact name, or { schema: s, name: n }.
   */
  inherits?: (string | ObjectName)[]
  /**
   * The partitioned table that the table is a partition of, with its bound. The parent's columns come with it: declare only those that have something of their own, options for instance. Default: none; a partition whose manifest does not say so is detached. Example: { table: measurements, for_values: "FROM ('2024-01-01') TO ('2025-01-01')" }
   */
  partition_of?: PartitionOf
  /**
   * CHECK constraints by name. The list is complete: a constraint that is not declared is dropped, unless it comes from a table of inherits or partition_of. PostgreSQL does not enforce them on a foreign table, the planner relies on them. Example: { sane_id: id > 0 }
   */
  checks?: {
    /**
     * The constraint of this name: its expression, or a map of its attributes.
     */
    [k: string]: string | Check
  }
  /**
   * The name that the foreign table had in this schema: it is renamed, and what reads it stays. Once applied it says nothing and can be removed. Example: old_orders
   */
  renamed_from?: string
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { select: [analyst, { role: public, columns: [id] }] }
   */
  grants?: RelationGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the foreign table or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The foreign table's comment (COMMENT ON FOREIGN TABLE). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A partitioned table and the bound of one of its partitions: either for_values or default.
 */
export interface PartitionOf {
  /**
   * The partitioned table: its exact name, or { schema: s, name: n }. It may have no unique index.
   */
  table: string | ObjectName
  /**
   * The bound as SQL, what stands behind FOR VALUES. Another one detaches the partition and attaches it again. Examples: FROM ('2024-01-01') TO ('2025-01-01'), IN ('de', 'at'), WITH (MODULUS 4, REMAINDER 0)
   */
  for_values?: string
  /**
   * Whether it is the default partition, for rows that fit no other. Default: false
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
   * Whether the column is NOT NULL, or a map of what its NOT NULL is. PostgreSQL does not enforce it on a foreign table, the planner relies on it. Default: false, or true where a table of inherits or partition_of says so
   */
  not_null?: boolean | NotNull
  /**
   * The column's DEFAULT, an SQL expression. It is used for rows inserted through the foreign table. Default: none. Example: now()
   */
  default?: string
  /**
   * The column's collation: its exact name, or { schema: s, name: n }. Default: that of the type. Example: C
   */
  collation?: string | ObjectName
  /**
   * Makes it a generated column of this SQL expression, stored (GENERATED ALWAYS AS … STORED) or, from PostgreSQL 18 on, virtual: { expression: …, virtual: true }. Default: not generated. Example: upper(name)
   */
  generated?: string | Generated
  /**
   * The column's OPTIONS. The list is complete: an option that is not declared is dropped. Example for postgres_fdw: { column_name: body }
   */
  options?: {
    /**
     * The option's value.
     */
    [k: string]: string
  }
  /**
   * The column's statistics target (SET STATISTICS). Not declared: left alone, or the default if this manifest had declared one. Example: 500
   */
  statistics?: string
  /**
   * How large values are kept (SET STORAGE): plain, external, extended or main. Not declared: left alone, or that of the type if this manifest had declared one.
   */
  storage?: 'plain' | 'external' | 'extended' | 'main'
  /**
   * Attributes of the column for the planner: n_distinct, n_distinct_inherited. Not declared: left alone, or removed if this manifest had declared some. Example: { n_distinct: -0.5 }
   */
  attributes?: {
    /**
     * The attribute's value.
     */
    [k: string]: string
  }
  /**
   * The name that the column had: it is renamed, and what reads it stays. Without the option column_name, postgres_fdw reads the source's column of the new name from then on. Once applied it says nothing and can be removed. Example: amount
   */
  renamed_from?: string
  /**
   * The column's comment (COMMENT ON COLUMN). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * Whether it is NOT NULL, or, from PostgreSQL 18 on, a map of what its NOT NULL is.
 */
export interface NotNull {
  /**
   * Whether tables that inherit from this one are free of it (NO INHERIT). Default: false
   */
  no_inherit?: boolean
  /**
   * Whether the planner must not rely on it (NOT VALID). Default: false; one that is not valid is validated then, which looks at no row of a foreign table.
   */
  not_valid?: boolean
}

/**
 * A CHECK constraint: its expression (short form), or a map of its attributes.
 */
export interface Check {
  /**
   * The condition that each row satisfies, an SQL expression. Example: id > 0
   */
  expression: string
  /**
   * Whether tables that inherit from this one are free of it (NO INHERIT). Default: false
   */
  no_inherit?: boolean
  /**
   * Whether the planner must not rely on it (NOT VALID). Default: false; a constraint that is not valid is validated then, which looks at no row of a foreign table.
   */
  not_valid?: boolean
  /**
   * Whether it is only there for people to read (NOT ENFORCED); PostgreSQL 18 and newer. Default: false
   */
  not_enforced?: boolean
  /**
   * The constraint's comment (COMMENT ON CONSTRAINT). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A CHECK constraint of a domain: its expression (short form), or a map of its attributes.
 */
export interface CheckOfADomain {
  /**
   * The condition that each value satisfies, an SQL expression; VALUE stands for the value. Example: value ~ '^[0-9]{5}$'
   */
  expression: string
  /**
   * Whether values that are stored already need not satisfy it (NOT VALID). Default: false; a constraint that is not valid is validated then, which reads the local tables that have columns of the domain.
   */
  not_valid?: boolean
  /**
   * The constraint's comment (COMMENT ON CONSTRAINT). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * A materialized view (CREATE MATERIALIZED VIEW).
 */
export interface MaterializedView {
  /**
   * The view's query: one SELECT, TABLE, VALUES or WITH … SELECT. Another one rebuilds the view. Example: SELECT * FROM shop_proxy.orders
   */
  query: string
  /**
   * Whether the view is filled when it is made or found unpopulated. false leaves that to a later refresh (WITH NO DATA). Default: true
   */
  populate?: boolean
  /**
   * Storage parameters (WITH), those of the TOAST table as toast.NAME. Not declared: left alone, or reset if this manifest had declared them. Declared: the list is complete. Example: { fillfactor: 100, autovacuum_enabled: false }
   */
  with?: {
    /**
     * The storage parameter's value.
     */
    [k: string]: string
  }
  /**
   * The view's columns: a list gives names in order, as CREATE MATERIALIZED VIEW v (a, b) does; a map by name only gives attributes of those that the query names. Default: as the query names them. Example: [id, { name: total, comment: with tax }]
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
   * The table access method (USING). Another one replaces the view. Default: the server's default_table_access_method
   */
  access_method?: string
  /**
   * The tablespace that holds it. Default: that of the database
   */
  tablespace?: string
  /**
   * The index of this view that CLUSTER goes by (CLUSTER ON). Not declared: left alone, or unset if this manifest had declared one. Example: orders_id_idx
   */
  cluster_on?: string
  /**
   * Indexes on the view by name. They live in the view's schema, where no other relation may have the name. Example: orders_id_idx: { unique: true, columns: [id] }
   */
  indexes?: {
    /**
     * The index of this name.
     */
    [k: string]: Index
  }
  /**
   * Extended statistics (CREATE STATISTICS) by name, which tell the planner how columns go together. They stand in the view's schema. Example: orders_stx: { columns: [customer_id, region] }
   */
  statistics?: {
    /**
     * The statistics of this name.
     */
    [k: string]: Statistics
  }
  /**
   * The name that the materialized view had in this schema: it is renamed with its data, and what reads it stays. Once applied it says nothing and can be removed. Example: old_orders
   */
  renamed_from?: string
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * Who else may do what with it. The list is complete: what it does not name is revoked, but for the owner's own; {} leaves nothing. Not declared: left alone, or revoked if this manifest had declared some. Example: { select: [analyst, { role: lead, with_grant_option: true }] }
   */
  grants?: RelationGrants
  /**
   * Privileges that the owner would have and has not; it may grant them to itself again. The list is complete; [] leaves the owner all. Not declared: left alone, or given back if this manifest had declared some. Example: [insert, update, delete]
   *
   * Items: A privilege.
   */
  revoked_from_owner?: string[]
  /**
   * Refuses every plan that would drop the materialized view or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The view's comment (COMMENT ON MATERIALIZED VIEW). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
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
   * Columns that the index carries without being keys (INCLUDE). Default: none. Example: [total]
   *
   * Items: Name of a column.
   */
  include?: string[]
  /**
   * The condition of a partial index, an SQL expression. Default: every row. Example: total > 0
   */
  where?: string
  /**
   * Whether a unique index takes nulls for equal (NULLS NOT DISTINCT, from PostgreSQL 15 on). Default: false
   */
  nulls_not_distinct?: boolean
  /**
   * Storage parameters (WITH), such as fillfactor. Not declared: left alone, or removed if this manifest had declared some. {} removes all. Example: { fillfactor: 70 }
   */
  with?: {
    /**
     * The parameter's value.
     */
    [k: string]: string
  }
  /**
   * The tablespace that holds it. Default: that of the database
   */
  tablespace?: string
  /**
   * The name that the index had: it is renamed instead of built again. Once applied it says nothing and can be removed. Example: old_orders_id_idx
   */
  renamed_from?: string
  /**
   * Refuses every plan that would drop the index or replace it, destroy and the removal of its stanza among them, until an apply has found protect removed or false. Renames and what can be altered in place stay allowed. Default: false
   */
  protect?: boolean
  /**
   * The index's comment (COMMENT ON INDEX). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
   */
  comment?: string
}

/**
 * Extended statistics (CREATE STATISTICS): of at least two columns or expressions, or of one expression.
 */
export interface Statistics {
  /**
   * Names of columns of the view. Their order means nothing. Example: [customer_id, region]
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
   * What is collected: ndistinct, dependencies, mcv. Not for a single expression. Default: all of them
   *
   * @minItems 1
   *
   * Items: One of ndistinct, dependencies, mcv.
   */
  kinds?: ('ndistinct' | 'dependencies' | 'mcv')[]
  /**
   * The statistics target (ALTER STATISTICS … SET STATISTICS). Not declared: left alone, or the default if this manifest had declared one. Example: 500
   */
  target?: string
  /**
   * The role that owns it. Not declared: left alone, or handed back to whoever applies if this manifest had declared one.
   */
  owner?: string
  /**
   * The comment (COMMENT ON STATISTICS). Not declared: left alone, or removed if this manifest had declared one. "" removes it.
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
   * The statistics target of an expression (ALTER INDEX … SET STATISTICS). Not declared: left alone, or the default if this manifest had declared one. Example: 500
   */
  statistics?: string
}

