// The commands that help to write a manifest and to use the command line, as program.ts has the others.

import { Argument, type Command, Option } from 'commander'
import { setExitCode } from './exit-code.ts'
import { givenOptions, options as shared } from './options.ts'

export function addTools(root: Command): void {
  root
    .command('init')
    .description('Write a first manifest, which mirrors a source; asks on a terminal if no option is given')
    .option('--from-source <url>', 'Source to connect to: server, and a mirror of each schema that has tables')
    .option('--out <file>', 'File to write; - for standard output', 'fdwsync.yaml')
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
      setExitCode((await import('./commands/init.ts')).init(flags, givenOptions(command))),
    )
  root
    .command('schema')
    .description('Print the JSON Schema of the manifest, or of a document')
    .argument('[name]', 'Name of the schema; default: list the names')
    .action(async (name) => setExitCode((await import('./commands/schema.ts')).schema(name)))
  root
    .command('graph')
    .description('Draw what reads what in a manifest')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(
      new Option('--format <format>', 'Language of the diagram').choices(['mermaid', 'dot']).default('mermaid'),
    )
    .action(async (flags) => setExitCode((await import('./commands/graph.ts')).graph(flags)))
  root
    .command('completion')
    .description('Print a script that completes commands, options and names in your shell')
    .addArgument(new Argument('<shell>', 'Your shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell) => setExitCode((await import('./commands/completion.ts')).completion(shell)))
  root
    .command('complete', { hidden: true })
    .argument('[word...]')
    .action(async (words) => setExitCode((await import('./commands/completion.ts')).complete(root, words)))
  root
    .command('demo')
    .description('Take a tour on two throwaway servers')
    .action(async () => setExitCode((await import('./commands/demo.ts')).demo()))
}
