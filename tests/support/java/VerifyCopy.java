// Core validation of each signature of a package by the JDK: a third, independent implementation.
// Usage: java VerifyCopy.java package.xml folder-of-files/
import java.io.File;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

public class VerifyCopy {
    public static void main(String[] arguments) throws Exception {
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        builders.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document document = builders.newDocumentBuilder().parse(new File(arguments[0]));
        NodeList all = document.getElementsByTagName("*");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            if (element.hasAttribute("Id")) element.setIdAttribute("Id", true);
        }
        NodeList signatures = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        for (int i = 0; i < signatures.getLength(); i++) {
            Element node = (Element) signatures.item(i);
            Element certificate = (Element) node.getElementsByTagNameNS(XMLSignature.XMLNS, "X509Certificate").item(0);
            byte[] der = java.util.Base64.getDecoder().decode(certificate.getTextContent());
            java.security.PublicKey key = java.security.cert.CertificateFactory.getInstance("X.509")
                .generateCertificate(new java.io.ByteArrayInputStream(der)).getPublicKey();
            DOMValidateContext context = new DOMValidateContext(key, node);
            context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.FALSE);
            context.setBaseURI(new File(arguments[1]).toURI().toString());
            boolean isValid = factory.unmarshalXMLSignature(context).validate(context);
            System.out.println(node.getAttribute("Id") + " " + isValid);
        }
    }
}
