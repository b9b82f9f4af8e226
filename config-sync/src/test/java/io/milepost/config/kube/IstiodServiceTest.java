package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for Services and ServiceEntries, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodServiceTest {
    /** ConvertProtocol: appProtocol is read as names are. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "80   | http-web | ''                 | HTTP",
                "80   | web      | ''                 | AUTO",
                "80   | web      | http-foo           | HTTP",
                "80   | web      | GRPC-Web-x         | GRPC_WEB",
                "80   | GRPC-WEB | ''                 | GRPC_WEB",
                "80   | http     | kubernetes.io/h2c  | HTTP2",
                "80   | http     | kubernetes.io/wss  | TCP",
                "80   | http     | unknown            | AUTO",
                "3306 | http     | unknown            | TCP",
                "3306 | db       | ''                 | TCP",
                "80   | http1    | ''                 | AUTO",
                "80   | a        | mongo              | TCP",
            })
    void protocolsOfPorts(int port, String name, String appProtocol, PortProtocol expected) {
        assertThat(PortProtocol.of(port, "TCP", name, appProtocol)).isEqualTo(expected);
    }

    /** convertPort: the name of a ServiceEntry's port says nothing. */
    @Test
    void protocolsOfAServiceEntry() {
        TestMesh m = TestMesh.of(object(
                "ServiceEntry",
                "e",
                "{hosts: [e.example], addresses: [10.1.1.1], resolution: STATIC, endpoints: [{address: 127.3.3.3}], "
                        + "ports: [{number: 80, name: http}, {number: 81, name: x, protocol: HTTP}, "
                        + "{number: 82, name: http-y, protocol: TCP}]}"));
        assertThat(m.snapshot().httpChains())
                .containsKeys("inbound-vip|80|http|e.example", "inbound-vip|81|http|e.example");
        assertThat(m.snapshot().tcpChains())
                .containsKeys("inbound-vip|80|tcp|e.example", "inbound-vip|82|tcp|e.example")
                .doesNotContainKey("inbound-vip|81|tcp|e.example");
    }

    /** convertServices: a targetPort replaces the destination's port where no address is known. */
    @Test
    void targetPortsWithoutAddresses() {
        TestMesh m = TestMesh.of(
                object(
                        "ServiceEntry",
                        "e",
                        "{hosts: [e.example], addresses: [10.1.1.0/24], resolution: NONE, "
                                + "ports: [{number: 80, name: a, protocol: HTTP, targetPort: 8080}, {number: 81, name: b, protocol: HTTP}]}"));
        assertThat(m.endpoints("inbound-vip|80|http|e.example")
                        .localities()
                        .getFirst()
                        .endpoints())
                .singleElement()
                .satisfies(e -> assertThat(e.address() + ":" + e.port()).isEqualTo(":8080"));
        assertThat(m.endpoints("inbound-vip|81|http|e.example").localities()).isEmpty();
    }
}
