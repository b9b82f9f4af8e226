package io.milepost.telemetry;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.TelemetrySettings.AccessLog;
import io.milepost.mesh.TelemetrySettings.Format;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessLogWriterTest {
    private static final SourceRef TELEMETRY = new SourceRef("Telemetry", "default", "v1", "spec.accessLogging[0]");

    @TempDir
    Path dir;

    private final List<String> problems = new ArrayList<>();

    private AccessLogger logger(AccessLogWriter w, String format, String filter) {
        return AccessLogger.compile(
                new TelemetrySettings(
                        List.of(new AccessLog(file().toString(), new Format.Text(format), filter, TELEMETRY)), true),
                w,
                problems::add);
    }

    private Path file() {
        return dir.resolve("access.log");
    }

    private List<String> lines() throws IOException {
        return Files.exists(file()) ? Files.readAllLines(file()) : List.of();
    }

    private static FakeContext get(String path) {
        return FakeContext.http("GET", "reviews-v1:9080", path);
    }

    @Test
    void writesWithinTheInterval() {
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofMillis(20))) {
            logger(w, "%REQ(:PATH)% %RESPONSE_CODE%", "").log(get("/a"));
            await().atMost(5, SECONDS).untilAsserted(() -> assertThat(lines()).containsExactly("/a 200"));
        }
    }

    @Test
    void standardStreamsGoElsewhere() throws IOException {
        Path file = dir.resolve("stdout.log");
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofHours(1), Map.of("/dev/stdout", file.toString()))) {
            w.sink("/dev/stdout").append("a line");
            assertThat(w.sink("/dev/stdout")).isSameAs(w.sink(file.toString()));
        }
        assertThat(file).hasContent("a line\n");
    }

    @Test
    void closeWritesWhatIsLeft() throws IOException {
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofHours(1))) {
            AccessLogger l = logger(w, "%REQ(:PATH)%", "response.code >= 400");
            l.log(get("/fine"));
            FakeContext bad = get("/bad");
            bad.code = 500;
            l.log(bad);
        }
        assertThat(lines()).containsExactly("/bad");
        assertThat(problems).isEmpty();
    }

    @Test
    void fullBuffersDoNotWaitForTheInterval() {
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofHours(1))) {
            AccessLogger l = logger(w, "%REQ(:PATH)%", "");
            FakeContext c = get("/" + "x".repeat(1023));
            for (int i = 0; i < 64; i++) {
                l.log(c);
            }
            await().atMost(5, SECONDS).untilAsserted(() -> assertThat(lines()).hasSize(64));
        }
    }

    @Test
    void linesOfManyThreadsStayWhole() throws Exception {
        int threads = 4;
        int each = 5_000;
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofMillis(1))) {
            AccessLogger l = logger(w, "%REQ(:PATH)% end", "");
            List<Thread> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int number = t;
                all.add(new DefaultThreadFactory("loop").newThread(() -> {
                    for (int i = 0; i < each; i++) {
                        l.log(get("/" + number + "/" + i));
                    }
                }));
            }
            all.forEach(Thread::start);
            for (Thread t : all) {
                t.join();
            }
            w.flush();
            assertThat(w.dropped()).isZero();
            assertThat(w.written()).isEqualTo((long) threads * each);
        }
        List<String> lines = lines();
        assertThat(lines).hasSize(threads * each).allMatch(s -> s.endsWith(" end"));
        for (int t = 0; t < threads; t++) {
            String prefix = "/" + t + "/";
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < each; i++) {
                expected.add(prefix + i + " end");
            }
            assertThat(lines.stream().filter(s -> s.startsWith(prefix))).isEqualTo(expected);
        }
    }

    @Test
    void reopenFollowsRotation() throws IOException {
        try (AccessLogWriter w = new AccessLogWriter(Duration.ofMillis(5))) {
            AccessLogger l = logger(w, "%REQ(:PATH)%", "");
            l.log(get("/old"));
            w.flush();
            Files.move(file(), dir.resolve("access.log.1"));
            w.reopen();
            l.log(get("/new"));
            w.flush();
            assertThat(lines()).containsExactly("/new");
        }
        assertThat(Files.readAllLines(dir.resolve("access.log.1"))).containsExactly("/old");
    }

    @Test
    void stuckSinkDropsAndCounts() throws IOException {
        LogSink sink = new LogSink(file().toString(), () -> {});
        AccessLogFormat f = AccessLogFormat.compile(new Format.Text("%REQ(:PATH)%"));
        FakeContext c = get("/" + "x".repeat(1022));
        for (int i = 0; i < 1030; i++) {
            sink.append(f, c);
        }
        assertThat(sink.dropped()).isEqualTo(6);
        sink.drain();
        sink.append(f, c);
        sink.drain();
        sink.close();
        assertThat(lines()).hasSize(1025);
        assertThat(sink.dropped()).isEqualTo(6);
    }

    @Test
    void unwritablePathCountsEveryLine() {
        LogSink sink = new LogSink(dir.toString(), () -> {});
        sink.append("one");
        sink.append("two");
        sink.drain();
        assertThat(sink.dropped()).isEqualTo(2);
    }

    @Test
    void reportsNameTheObject() {
        try (AccessLogWriter w = new AccessLogWriter()) {
            assertThat(logger(w, "%WHAT%", "").isEmpty()).isTrue();
            assertThat(logger(w, "x", "response.kode > 1").isEmpty()).isFalse();
        }
        assertThat(problems)
                .satisfiesExactly(
                        p -> assertThat(p)
                                .startsWith("Telemetry default/v1 spec.accessLogging[0]: ")
                                .contains("%WHAT%"),
                        p -> assertThat(p).contains("response.kode").endsWith("nothing is logged by it"));
    }
}
