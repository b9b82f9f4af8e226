package io.milepost.testbed.fidelity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The player against a tunnel end that only passes bytes on, in the place of a waypoint: every request key is played once. */
class PlayerSelfTest {
    private static final String CASE = """
            title: the player itself
            config: ""
            requests:
            - {name: plain, authority: "127.1.2.1:9080", path: /a, headers: {x-a: 1}}
            - {name: wrong pod, authority: "127.1.2.1:9080"}
            - {name: no such pod, authority: "127.1.2.9:9080", why: true}
            - {name: many, authority: "127.1.3.1:8080", repeat: 20, parallel: true, share: {echo-v1-0: 1.0}}
            - {name: greeter, authority: "127.1.3.2:9090", proto: tcp, want: 12}
            - {name: h2c, authority: "127.1.3.1:7070", proto: h2c, path: /s, body: 5}
            - {name: grpc, authority: "127.1.3.1:7070", proto: grpc, path: /s/m, body: hello, headers: {x-echo-grpc-status: 7}}
            - {name: pipelined, authority: "127.1.2.1:9080", then: 1, raw: "GET /1 HTTP/1.1\\r\\nhost: a\\r\\n\\r\\nGET /2 HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n"}
            - {name: closes, authority: "127.1.2.1:9080", closed: true, headers: {connection: close}}
            - {name: stays open, authority: "127.1.2.1:9080", closed: true}
            - {name: slow, authority: "127.1.2.1:9080", took: 1, headers: {x-echo-delay-ms: 900}}
            - {name: hits, authority: "127.1.2.1:9080", hits: true, connects: true, host: h}
            - {name: gone, authority: "127.1.2.1:9080", timeout: 2, headers: {x-echo-delay-ms: 60000}}
            - {name: outer, outer: [[":method", GET], [":scheme", https], [":authority", "a:1"], [":path", /]], why: true}
            """;

    private static final String WANT = """
            {"results": [
             {"status": 200, "pod": "ratings-v1-0", "echo_path": "/a", "echo_port": 9080, "echo_proto": "HTTP/1.1",
              "request_headers": [["host", "reviews:9080"], ["x-a", "1"]], "response_headers": [["content-length", "<n>"], ["content-type", "application/json"]]},
             {"status": 200, "pod": "reviews-v1-0"},
             {"status": "refused", "why": "503"},
             {"statuses": {"200": 20}, "pods": {"echo-v1-0": 20}},
             {"status": "tcp", "bytes": "echo-v2-0:hi"},
             {"status": 200, "pod": "echo-v1-0", "echo_body": 5, "echo_proto": "HTTP/2"},
             {"status": 200, "pod": "echo-v1-0", "echo_body": 10, "trailers": [["grpc-status", "7"]]},
             {"status": 200, "echo_path": "/1", "then": [[200, "/2"]]},
             {"status": 200, "closed": true},
             {"status": 200, "closed": false},
             {"status": 200, "took": 1},
             {"status": 200, "hits": {"ratings-v1-0": 1}, "hit_hosts": ["h"], "connects": [{"pod": "waypoint-0", "peer": ["spiffe://cluster.local/ns/default/sa/client"],
              "headers": [[":authority", "127.1.2.1:9080"], [":method", "CONNECT"]]}]},
             {"status": "error"},
             {"status": "refused", "why": "503"}
            ]}
            """;

    @TempDir
    Path dir;

    @Test
    void playsAndCompares() throws Exception {
        Files.writeString(dir.resolve("self.yaml"), CASE);
        Files.writeString(dir.resolve("self.expected.json"), WANT);
        Files.writeString(dir.resolve("differences.yaml"), "[]\n");
        FidelityWorld world = FidelitySuite.world();
        EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("self", true), NioIoHandler.newFactory());
        WaypointUnderTest pipe = launch -> {
            assertThat(launch.config().resolve("mesh.yaml")).exists();
            EchoRecords records = world.records();
            HbonePod pod = HbonePod.start(
                    "waypoint-0", launch.ip(), world.ca(), world.ca().leaf("default", "waypoint"), records, group);
            return pod;
        };
        FidelityCase c = FidelityCase.load(dir.resolve("self.yaml"), false);
        List<CaseRun.Outcome> outcomes = new CaseRun(world, pipe, c, Differences.load(dir), false).outcomes();
        group.shutdownGracefully().syncUninterruptibly();
        for (CaseRun.Outcome o : outcomes) {
            JsonNode got = o.got();
            if (o.request().name().equals("wrong pod")) {
                assertThat(o.problems()).as("%s", got).anyMatch(p -> p.equals("pod reviews-v1-0 != ratings-v1-0"));
            } else {
                assertThat(o.problems()).as("%s: %s", o.request().name(), got).isEmpty();
            }
        }
    }
}
