package io.milepost.testbed.fidelity;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The file into which the waypoint under test logs. */
final class AccessLog {
    private final Path file;
    private final boolean all;

    AccessLog(Path file, boolean all) {
        this.file = file;
        this.all = all;
    }

    long size() {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the file has stood still for a moment. */
    void rest(Duration quiet) {
        Settle.await("the access log comes to rest", this::size, 0, quiet, quiet);
    }

    /** The lines that count since a position, once as many as wanted have come (or didn't for long) and no more follow. */
    List<String> linesSince(long at, int wanted) {
        Settle.await(
                "the access log has " + wanted + " lines",
                () -> lines(at).size(),
                wanted,
                Duration.ofMillis(wanted == 0 ? 80 : 25),
                Duration.ofMillis(1200));
        return lines(at);
    }

    private List<String> lines(long at) {
        if (size() <= at) {
            return List.of();
        }
        byte[] bytes;
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "r")) {
            bytes = new byte[(int) (f.length() - at)];
            f.seek(at);
            f.readFully(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> out = new ArrayList<>();
        for (String l : decode(bytes).split("\r\n|\n|\r")) {
            if (!l.isEmpty() && (all || l.contains("inbound-vip"))) {
                out.add(LogMask.mask(l));
            }
        }
        return out;
    }

    /** UTF-8, with bytes that aren't shown as \xNN. */
    static String decode(byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer chars = CharBuffer.allocate(bytes.length + 1);
        StringBuilder out = new StringBuilder();
        while (true) {
            CoderResult result = decoder.decode(in, chars, true);
            out.append(chars.flip());
            chars.clear();
            if (!result.isError()) {
                return out.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.append("\\x").append(HexFormat.of().toHexDigits(in.get()));
            }
            decoder.reset();
        }
    }
}
