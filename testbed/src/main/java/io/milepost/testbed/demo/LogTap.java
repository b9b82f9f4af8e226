package io.milepost.testbed.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Collects the access log of one program, so that a step of the tour can show the lines that belong to it. */
final class LogTap {
    private static final int KEPT = 4_096;

    private final List<String> lines = new ArrayList<>();
    private long dropped;
    private boolean echo;

    /** Takes one line; callable from any thread. */
    synchronized void accept(String line) {
        if (lines.size() == KEPT) {
            lines.removeFirst();
            dropped++;
        }
        lines.add(line);
        if (echo) {
            System.out.println(line);
        }
        notifyAll();
    }

    /** Reads {@code in} to its end on a thread of its own. */
    void follow(InputStream in, String name) {
        Thread.ofVirtual().name("log-" + name).start(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    accept(line);
                }
            } catch (IOException e) {
                accept("the log of " + name + " ended: " + e.getMessage());
            }
        });
    }

    /** Position for {@link #await}: lines that come later. */
    synchronized long mark() {
        return dropped + lines.size();
    }

    /** The first line after {@code mark} that is {@code wanted}; empty when none comes within {@code millis}. */
    synchronized String await(long mark, Predicate<String> wanted, long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        long at = mark;
        while (true) {
            for (; at < dropped + lines.size(); at++) {
                int index = (int) (at - dropped);
                if (index >= 0 && wanted.test(lines.get(index))) {
                    return lines.get(index);
                }
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return "";
            }
            wait(left);
        }
    }

    /** From now on every line is printed too. */
    synchronized void echo() {
        echo = true;
    }

    /** The last lines, for telling why a program ended. */
    synchronized List<String> tail(int n) {
        return List.copyOf(lines.subList(Math.max(0, lines.size() - n), lines.size()));
    }
}
