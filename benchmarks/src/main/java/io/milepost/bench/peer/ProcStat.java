package io.milepost.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of a process: CPU time of all of its threads and resident memory. */
public final class ProcStat {
    /** USER_HZ: the unit of utime and stime on every Linux that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int UTIME = 13;
    private static final int STIME = 14;

    private ProcStat() {}

    /** utime + stime in seconds. */
    public static double cpuSeconds(long pid) {
        String text = read(pid, "stat");
        // The second field is the program's name in brackets, which may hold blanks.
        String[] fields = ("x x " + text.substring(text.lastIndexOf(')') + 2)).split(" ");
        return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) / TICKS_PER_SECOND;
    }

    /** Resident memory in bytes. */
    public static long rss(long pid) {
        return kib(pid, "VmRSS:") * 1024;
    }

    /** Highest resident memory so far in bytes. */
    public static long peakRss(long pid) {
        return kib(pid, "VmHWM:") * 1024;
    }

    private static long kib(long pid, String name) {
        for (String line : read(pid, "status").split("\n")) {
            if (line.startsWith(name)) {
                String value = line.substring(name.length()).trim();
                return Long.parseLong(value.substring(0, value.indexOf(' ')));
            }
        }
        throw new IllegalStateException("/proc/" + pid + "/status has no " + name);
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file));
        } catch (IOException e) {
            throw new UncheckedIOException("process " + pid + " is gone: see its log", e);
        }
    }
}
