// The comment by which editors find the schema of a manifest.

import { dirname, relative } from 'node:path/posix'

const installed = 'node_modules/fdwsync/schemas/manifest.schema.json'

/** @param file where the manifest is, relative to the folder with `node_modules` */
export function schemaComment(file: string): string {
  const path = relative(dirname(file), installed)
  return `yaml-language-server: $schema=${path.startsWith('.') ? path : `./${path}`}`
}
