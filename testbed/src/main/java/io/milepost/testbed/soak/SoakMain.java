package io.milepost.testbed.soak;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./milepost soak}: one sub-command per run; exit code 0 only when the run saw what it wants to see. */
@Command(
        name = "soak",
        description = "Long runs against a waypoint.",
        mixinStandardHelpOptions = true,
        subcommands = {SlowReaders.class, SlowReader.class, ConfigChurn.class})
public final class SoakMain {
    public static void main(String[] args) {
        System.exit(new CommandLine(new SoakMain()).execute(args.length == 0 ? new String[] {"--help"} : args));
    }
}
