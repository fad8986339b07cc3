import { spawnSync } from 'node:child_process';
import test from 'ava';
import { commands } from '../../src/cli/commands.js';
import { completionCommand } from '../../src/cli/completion-command.js';

async function scriptFor(shell: string): Promise<string> {
  let script = '';
  await completionCommand({ shell }, commands, {
    print: (text) => {
      script += text;
    },
  });
  return script;
}

test('completion completes commands and the flags of each, in a real bash', async (t) => {
  const script = await scriptFor('bash');
  const complete = (...words: readonly string[]): string[] => {
    const line = ['perf-analyze', ...words].map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _perf_analyze; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8' });
    t.is(stderr, '');
    return stdout.trim().split(' ').filter(Boolean);
  };
  t.deepEqual(complete('se'), ['search', 'serve']);
  t.deepEqual(complete('search', '--bud'), ['--budget']);
  t.deepEqual(complete('-m', 'mlp', '--concurrency-r'), ['--concurrency-range']);
  t.deepEqual(complete('history', 'check', '--re'), ['--recent']);
  t.deepEqual(complete('history', 'check', 'x'), []);
});

test('completion knows zsh and fish, and no other', async (t) => {
  const script = await scriptFor('zsh');
  t.regex(script, /^compdef _perf_analyze perf-analyze$/m);
  t.regex(script, /^ {4}search\) flags='.*--budget .*' ;;$/m);
  const fish = await scriptFor('fish');
  t.regex(fish, /^complete -c perf-analyze -n '_perf_analyze_is "search"' -l budget -r$/m);
  t.regex(fish, /^complete -c perf-analyze -n '_perf_analyze_is ""' -s m -l model-name -r$/m);
  t.regex(fish, /^complete -c perf-analyze -n '_perf_analyze_is "doctor"' -l help -s h$/m);
  await t.throwsAsync(scriptFor('sh'), { message: "Cannot use completion: expected bash, zsh, fish, got 'sh'" });
});
