package io.milepost.bench.micro;

import io.milepost.bench.peer.Milepost;
import io.milepost.bench.peer.Workload;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HttpChain;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.Http1Heads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What the benchmarks work on: configuration as a waypoint has it, and a request of a browser. */
final class Fixtures {
    /** A head as the codec reads it: without the empty line at its end. */
    static final byte[] REQUEST = String.join(
                    "\r\n",
                    "GET /api/items/4711/1k?lang=en&page=2 HTTP/1.1",
                    "host: web.default",
                    "user-agent: Mozilla/5.0 (X11, Linux x86_64) bench/1",
                    "accept: */*",
                    "accept-encoding: gzip, deflate",
                    "accept-language: en-US,en;q=0.9",
                    "cookie: session=7f3a9c1; theme=dark",
                    "x-request-id: 5a1e6c1e-8f0b-4c9a-9a51-0d6d8c5f7a01",
                    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4731-00f067aa0ba902b7-00",
                    "x-debug: 1",
                    "")
            .getBytes(StandardCharsets.US_ASCII);

    static final byte[] RESPONSE = String.join(
                    "\r\n",
                    "HTTP/1.1 200 OK",
                    "content-type: application/json",
                    "content-length: 1024",
                    "cache-control: no-cache",
                    "date: Sat, 21 Nov 2026 16:00:00 GMT",
                    "server: app",
                    "")
            .getBytes(StandardCharsets.US_ASCII);

    private Fixtures() {}

    /** The chain of port 80 of the realistic workload. */
    static HttpChain realistic() {
        return chain(Workload.REALISTIC, "");
    }

    /** The same port with a VirtualService of so many path rules. */
    static HttpChain rules(int count) {
        StringBuilder vs = new StringBuilder("""
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: web, namespace: default}
                spec:
                  hosts: [web]
                  http:
                """);
        for (int i = 0; i < count; i++) {
            vs.append("  - match: [{uri: {prefix: /api/items/%d/}}]\n".formatted(i))
                    .append("    route: [{destination: {host: web}}]\n");
        }
        return chain(Workload.PLAIN, vs.toString());
    }

    private static HttpChain chain(Workload workload, String more) {
        Path folder = null;
        try {
            folder = Files.createTempDirectory("milepost-micro");
            Milepost.writeConfig(workload, "127.2.19.9", folder);
            Files.writeString(folder.resolve("more.yaml"), more);
            KubeObjects objects =
                    new KubeObjects(ObjectFiles.read(folder).parse().objects());
            return new SnapshotBuilder(new AuthorizationTranslator())
                            .build(objects, Optional.of(GatewayRef.parse("default/waypoint")))
                            .snapshot()
                            .httpChains()
                            .values()
                            .stream()
                            .filter(c -> c.name().equals("inbound-vip|80|http|web.default.svc.cluster.local"))
                            .findFirst()
                            .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException("the configuration of a benchmark cannot be written to " + folder, e);
        }
    }

    static RequestHead request() {
        try {
            return Http1Heads.parseRequest(REQUEST, REQUEST.length);
        } catch (BadMessageException e) {
            throw new IllegalStateException(e);
        }
    }
}
