package io.milepost.testbed.fidelity;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** Same YAML, same request, same answer as istiod and Envoy: the recorded cases as they are. */
class FidelityTest {
    @TestFactory
    List<DynamicNode> cases() throws IOException {
        return FidelitySuite.nodes(false);
    }
}
