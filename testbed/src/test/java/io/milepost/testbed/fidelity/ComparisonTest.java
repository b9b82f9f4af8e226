package io.milepost.testbed.fidelity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of run.py's diff on made-up outcomes. */
class ComparisonTest {
    @ParameterizedTest(name = "{0}: {1} / {2}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                // request; wanted; got; same?
                "{}; {'status':200,'pod':'a-v1-0'}; {'status':200,'pod':'a-v1-0'}; true",
                "{}; {'status':200,'pod':'a-v1-0'}; {'status':200,'pod':'a-v2-0'}; false",
                "{anypod: true}; {'status':200,'pod':'a-v1-0'}; {'status':200,'pod':'a-v2-0'}; true",
                "{}; {'status':200}; {'status':503,'body':'no'}; false",
                "{}; {'status':'closed'}; {'status':'closed'}; true",
                "{why: true}; {'status':'refused','why':'503'}; {'status':'refused','why':'404'}; false",
                "{why: true}; {'status':'refused','why':'StreamReset'}; {'status':'refused','why':'closed'}; true",
                "{why: true}; {'status':'refused','why':'503'}; {'status':'refused','why':'closed'}; false",
                "{}; {'status':'tcp','bytes':'a:hi'}; {'status':'tcp','bytes':'b:hi'}; false",
                "{anypod: true}; {'status':'tcp','bytes':'a:hi'}; {'status':'tcp','bytes':'b:hi'}; true",
                "{}; {'status':200,'took':0.5}; {'status':200,'took':0.5}; true",
                "{}; {'status':200,'took':1}; {'status':200,'took':1.0}; true",
                "{}; {'status':200,'took':1}; {'status':200,'took':1.5}; false",
                "{}; {'status':200,'closed':true}; {'status':200,'closed':false}; false",
                "{}; {'status':200,'hits':{'a':1}}; {'status':200,'hits':{'a':2}}; false",
                "{anypod: true}; {'status':200,'hits':{'a':1}}; {'status':200,'hits':{'b':1}}; true",
                "{}; {'statuses':{'200':60},'pods':{'a':54,'b':6}}; {'statuses':{'200':60},'pods':{'a':60}}; true",
                "{}; {'statuses':{'200':60},'pods':{'a':54}}; {'statuses':{'200':60},'pods':{'c':60}}; false",
                "{}; {'statuses':{'200':50,'503':10}}; {'statuses':{'200':10,'503':50}}; true",
                "{stateful: true}; {'statuses':{'200':50,'503':10}}; {'statuses':{'200':10,'503':50}}; false",
                "{}; {'statuses':{'200':60}}; {'statuses':{'200':59,'error':1}}; false",
                "{share: {a: 0.9, b: 0.1}}; {'statuses':{'200':60},'pods':{'a':54,'b':6}}; {'statuses':{'200':60},'pods':{'a':50,'b':10}}; true",
                "{share: {a: 0.9, b: 0.1}}; {'statuses':{'200':60},'pods':{'a':54,'b':6}}; {'statuses':{'200':60},'pods':{'a':30,'b':30}}; false",
                "{repeat: 100, hitshare: {m: 0.5}}; {'statuses':{'200':100}}; {'statuses':{'200':100},'hits':{'m':60}}; true",
                "{repeat: 100, hitshare: {m: 0.5}}; {'statuses':{'200':100}}; {'statuses':{'200':100},'hits':{'m':99}}; false",
                "{}; {'status':200,'response_headers':[['a','1'],['x-envoy-decorator-operation','x']]}; {'status':200,'response_headers':[['a','1']]}; true",
                "{}; {'status':200,'response_headers':[['a','1']]}; {'status':200,'response_headers':[['a','1'],['b','2']]}; false",
                "{}; {'status':200,'request_headers':[['a','1'],['a','2']]}; {'status':200,'request_headers':[['a','2'],['a','1']]}; true",
                "{}; {'status':200,'log':['a','b']}; {'status':200,'log':['b','a']}; true",
                "{}; {'status':200,'log':['a']}; {'status':200,'log':[]}; false",
                "{}; {'status':200,'log':['\"CONNECT - HTTP/2\" 404 NR route_not_found']}; {'status':200,'log':['\"CONNECT - HTTP/2\" 404 NR something else']}; true",
                "{anypod: true}; {'status':200,'log':['to 127.1.1.1:80']}; {'status':200,'log':['to 127.1.1.2:80']}; true",
            })
    void sameOutcome(String request, String want, String got, boolean same) throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<String> problems = Comparison.differences(
                new FidelityRequest(Yamls.map(Yamls.load(request))),
                json.readTree(quoted(want)),
                json.readTree(quoted(got)),
                false);
        assertThat(problems.isEmpty()).as("%s", problems).isEqualTo(same);
    }

    private static String quoted(String s) {
        return s.replace("\"", "\\\"").replace('\'', '"');
    }

    @Test
    void addressesOfTunnelsDontCountInTheHboneRun() {
        assertThat(LogMask.anonymous(
                        "\"envoy://connect_originate/127.1.2.1:9080\" x envoy://internal_client_address/ y",
                        true,
                        false))
                .isEqualTo("\"127.1.2.1:9080\" x <local> y");
        assertThat(LogMask.anonymous("\"envoy://connect_originate/127.1.2.1:9080\"", false, false))
                .isEqualTo("\"envoy://connect_originate/127.1.2.1:9080\"");
    }

    /** The masked form is that of smoke.expected.json. */
    @Test
    void masksWhatDiffersFromRunToRun() {
        assertThat(
                        LogMask.mask(
                                "[2026-08-22T10:11:12.123Z] \"GET /v2/x HTTP/1.1\" 200 - via_upstream - \"-\" 0 292 3 2 \"-\" \"-\" \"0a1b2c3d-0a1b-4a1b-8a1b-0a1b2c3d4e5f\" \"reviews:9080\" \"127.1.1.2:9080\" inbound-vip|9080|http|reviews-v2.default.svc.cluster.local 127.0.0.1:40123 10.96.0.10:9080 127.2.0.1:51234 - default.reviews.0"))
                .isEqualTo(
                        "<time> \"GET /v2/x HTTP/1.1\" 200 - via_upstream - \"-\" 0 292 <ms> <ms> \"-\" \"-\" \"<uuid>\" \"reviews:9080\" \"127.1.1.2:9080\" inbound-vip|9080|http|reviews-v2.default.svc.cluster.local <local> 10.96.0.10:9080 127.2.0.1:<port> - default.reviews.0");
        assertThat(LogMask.mask("{\"duration\":12,\"upstream_service_time\":\"3\"} ^120^ ~10:20~"))
                .isEqualTo("{\"duration\":<ms>,\"upstream_service_time\":\"<ms>\"} ^9^ ~99:99~");
    }

    @Test
    void bytesThatAreNotUtf8AreShown() {
        assertThat(AccessLog.decode(new byte[] {'a', (byte) 0xff, (byte) 0xc3, (byte) 0xa9}))
                .isEqualTo("a\\xffé");
    }
}
