// The commands that help to write a manifest.

import { type Command, Option } from 'commander'
import { setExitCode } from '../exit-code.ts'
import { givenOptions, notEmpty, options as shared } from '../options.ts'

export const authoring = [exportDatabase, pin, init, schema, graph]

function exportDatabase(root: Command): void {
  root
    .command('export')
    .description('Write a manifest of an existing database to standard output')
    .addOption(shared.servers())
    .addOption(shared.schemas())
    .option('--name <name>', "Name of the manifest; default: the database's name")
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .action(async (flags) => setExitCode((await import('../commands/export.ts')).exportDatabase(flags)))
}

function pin(root: Command): void {
  root
    .command('pin')
    .description('Lock imports and mirrors to what their sources have now')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.sourceTimeout())
    .option('--check', 'Write nothing; exit with 2 if the sources differ from the lock, 6 if they cannot be queried')
    .action(async (flags) => setExitCode((await import('../commands/pin.ts')).pin(flags)))
}

function init(root: Command): void {
  root
    .command('init')
    .description('Write a first manifest, which mirrors a source; asks on a terminal if no option is given')
    .option('--from-source <url>', 'Source to connect to: server, and a mirror of each schema that has tables')
    .option('--out <file>', 'File to write; - for standard output', notEmpty, 'fdwsync.yaml')
    .option('--name <name>', 'Name of the manifest and of the server; default: that of the database')
    .option('--host <host>', 'Host of the source, as seen from the target', 'localhost')
    .addOption(shared.port())
    .option('--dbname <name>', 'Database of the source; default: the name, or shop')
    .option('--user <role>', 'Role to read the source as; default: NAME_reader')
    .addOption(shared.schemasToMirror())
    .option('--into <schema>', 'Schema for the copies; default: the name')
    .addOption(
      new Option('--as <kind>', 'What the copies are')
        .choices(['materialized_views', 'tables'])
        .default('materialized_views'),
    )
    .action(async (flags, command) =>
      setExitCode((await import('../commands/init.ts')).init(flags, givenOptions(command))),
    )
}

function schema(root: Command): void {
  root
    .command('schema')
    .description('Print the JSON Schema of the manifest, or of a document')
    .argument('[name]', 'Name of the schema; default: list the names')
    .action(async (name) => setExitCode((await import('../commands/schema.ts')).schema(name)))
}

function graph(root: Command): void {
  root
    .command('graph')
    .description('Draw what reads what in a manifest')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(
      new Option('--format <format>', 'Language of the diagram').choices(['mermaid', 'dot']).default('mermaid'),
    )
    .action(async (flags) => setExitCode((await import('../commands/graph.ts')).graph(flags)))
}
