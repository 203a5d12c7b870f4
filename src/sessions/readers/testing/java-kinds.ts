/*
 * Written by `ObjectOutputStream.writeObject` of OpenJDK 17.0.15. The classes:
 *
 *   enum Color { RED, GREEN { public String toString() { return "body"; } } }
 *   static class Base implements Serializable { private String name = "base"; int count = 7; String own = "of base"; }
 *   static class Derived extends Base {
 *     private String name = "derived"; Object self = this; long big = Long.MAX_VALUE; long small = 5; char letter = 'ü';
 *     boolean yes = true; float f = 1.5f; double d = -2.5e-10; byte b = -1; short s = -300; int i = Integer.MIN_VALUE;
 *     transient int gone = 3;
 *   }
 *   static class Custom implements Serializable {
 *     String kept = "kept";
 *     private void writeObject(ObjectOutputStream to) throws IOException {
 *       to.defaultWriteObject(); to.writeUTF("custom"); to.writeObject(List.of("x")); to.write(new byte[700]); to.writeObject("y");
 *     }
 *   }
 *   public static class External implements Externalizable {
 *     public void writeExternal(ObjectOutput to) throws IOException { to.writeInt(1); to.writeObject("external"); }
 *     public void readExternal(ObjectInput from) {}
 *   }
 *   record Pair(String left, int right) implements Serializable {}
 *   interface Greets { String greet(); }
 *   static class Handler implements InvocationHandler, Serializable {
 *     String word = "hello";
 *     public Object invoke(Object proxy, Method method, Object[] arguments) { return word; }
 *   }
 *   static class Names extends ArrayList<String> { String owner = "me"; }
 *
 * The map of values, with `proxied` of `Proxy.newProxyInstance` for Greets and a Handler:
 *
 *   it.put("null", null); it.put("text", "Grüße 😀 \0 end"); it.put("long", 42L); it.put("huge", Long.MIN_VALUE);
 *   it.put("integer", -7); it.put("short", (short) 3); it.put("byte", (byte) -1); it.put("boolean", true);
 *   it.put("character", 'é'); it.put("float", 1.5f); it.put("double", Double.NaN);
 *   it.put("enums", new Color[] { Color.RED, Color.GREEN, Color.RED }); it.put("class", String.class);
 *   it.put("derived", new Derived()); it.put("custom", new Custom()); it.put("external", new External());
 *   it.put("record", new Pair("l", 2)); it.put("proxy", proxied);
 *   it.put("ints", new int[] { 1, -2 }); it.put("longs", new long[] { 1, Long.MAX_VALUE }); it.put("bytes", new byte[] { -1 });
 *   it.put("chars", "pass".toCharArray()); it.put("booleans", new boolean[] { true, false });
 *   it.put("doubles", new double[] { 0.5 }); it.put("floats", new float[] { 0.5f }); it.put("shorts", new short[] { -2 });
 *   it.put("strings", new String[] { "a", null, "a" }); it.put("grid", new int[][] { { 1 }, { 2, 3 } });
 *   it.put("uuid", UUID.fromString("0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11"));
 *   it.put("big integers", List.of(new java.math.BigInteger("-1267650600228229401496703205376"), java.math.BigInteger.ZERO));
 *   it.put("decimal", new java.math.BigDecimal("12.5")); it.put("date", new Date(1_780_000_000_000L));
 *   it.put("instant", java.time.Instant.ofEpochSecond(1_780_000_000)); it.put("__proto__", "text");
 *
 * The map of collections:
 *
 *   var one = List.of("a"); var two = List.of("b", "a"); var map = Map.of("k", "v");
 *   it.put("ArrayList", new ArrayList<>(Arrays.asList("a", 1, null))); it.put("LinkedList", new LinkedList<>(two));
 *   it.put("asList", Arrays.asList("b", "a")); it.put("ArrayDeque", new ArrayDeque<>(two)); it.put("Vector", new Vector<>(two));
 *   it.put("PriorityQueue", new PriorityQueue<>(two)); it.put("ConcurrentLinkedQueue", new ConcurrentLinkedQueue<>(two));
 *   it.put("ConcurrentLinkedDeque", new ConcurrentLinkedDeque<>(two));
 *   it.put("CopyOnWriteArrayList", new CopyOnWriteArrayList<>(two)); it.put("subclass", new Names() {{ add("n"); }});
 *   it.put("HashSet", new HashSet<>(one)); it.put("LinkedHashSet", new LinkedHashSet<>(two)); it.put("TreeSet", new TreeSet<>(two));
 *   it.put("ConcurrentSkipListSet", new ConcurrentSkipListSet<>(two));
 *   it.put("CopyOnWriteArraySet", new CopyOnWriteArraySet<>(two)); it.put("EnumSet", EnumSet.of(Color.RED));
 *   var keys = ConcurrentHashMap.newKeySet(); keys.add("k"); it.put("newKeySet", keys);
 *   var set = Collections.newSetFromMap(new HashMap<String, Boolean>()); set.add("k"); it.put("newSetFromMap", set);
 *   it.put("HashMap", new HashMap<>(map)); it.put("LinkedHashMap", new LinkedHashMap<>(map)); it.put("TreeMap", new TreeMap<>(map));
 *   it.put("Hashtable", new Hashtable<>(map)); var properties = new Properties(); properties.put("k", "v");
 *   it.put("Properties", properties); it.put("ConcurrentHashMap", new ConcurrentHashMap<>(map));
 *   it.put("ConcurrentSkipListMap", new ConcurrentSkipListMap<>(map)); it.put("EnumMap", new EnumMap<>(Map.of(Color.RED, "v")));
 *   var identity = new IdentityHashMap<String, String>(map); it.put("IdentityHashMap", identity);
 *   var odd = new HashMap<Object, Object>(); odd.put(null, 1); odd.put(one, 2); odd.put(5L, 3); odd.put(Color.RED, 4);
 *   it.put("odd keys", odd);
 *   it.put("List.of", two); it.put("List.of three", List.of(1, 2, 3)); it.put("Set.of", Set.of("a")); it.put("Map.of", map);
 *   it.put("toList", java.util.stream.Stream.of("a", null).toList());
 *   it.put("emptyList", Collections.emptyList()); it.put("emptySet", Collections.emptySet());
 *   it.put("emptyMap", Collections.emptyMap()); it.put("singletonList", Collections.singletonList("a"));
 *   it.put("singleton", Collections.singleton("a")); it.put("singletonMap", Collections.singletonMap("k", "v"));
 *   it.put("unmodifiableList", Collections.unmodifiableList(new ArrayList<>(one)));
 *   it.put("unmodifiableSet", Collections.unmodifiableSet(new TreeSet<>(one)));
 *   it.put("unmodifiableMap", Collections.unmodifiableMap(new HashMap<>(map)));
 *   it.put("synchronizedList", Collections.synchronizedList(new ArrayList<>(one)));
 *   it.put("synchronizedSet", Collections.synchronizedSet(new HashSet<>(one)));
 *   it.put("synchronizedMap", Collections.synchronizedMap(new HashMap<>(map)));
 *   it.put("checkedList", Collections.checkedList(new ArrayList<>(one), String.class));
 *   it.put("checkedMap", Collections.checkedMap(new HashMap<>(map), String.class, String.class));
 *   it.put("list again", two); it.put("map again", map);
 */

/** Spaces between are no part of it. */
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64')

/** The map of values. */
export const values = fromBase64(`
  rO0ABXNyABdqYXZhLnV0aWwuTGlua2VkSGFzaE1hcDTATlwQbMD7AgABWgALYWNjZXNzT3JkZXJ4cgARamF2YS51dGlsLkhhc2hNYXAFB9rBwxZg0QMA
  AkYACmxvYWRGYWN0b3JJAAl0aHJlc2hvbGR4cD9AAAAAAAAwdwgAAABAAAAAInQABG51bGxwdAAEdGV4dHQAFUdyw7zDn2Ug7aC97biAIMCAIGVuZHQA
  BGxvbmdzcgAOamF2YS5sYW5nLkxvbmc7i+SQzI8j3wIAAUoABXZhbHVleHIAEGphdmEubGFuZy5OdW1iZXKGrJUdC5TgiwIAAHhwAAAAAAAAACp0AARo
  dWdlc3EAfgAHgAAAAAAAAAB0AAdpbnRlZ2Vyc3IAEWphdmEubGFuZy5JbnRlZ2VyEuKgpPeBhzgCAAFJAAV2YWx1ZXhxAH4ACP////l0AAVzaG9ydHNy
  AA9qYXZhLmxhbmcuU2hvcnRoTTcTNGDaUgIAAVMABXZhbHVleHEAfgAIAAN0AARieXRlc3IADmphdmEubGFuZy5CeXRlnE5ghO5Q9RwCAAFCAAV2YWx1
  ZXhxAH4ACP90AAdib29sZWFuc3IAEWphdmEubGFuZy5Cb29sZWFuzSBygNWc+u4CAAFaAAV2YWx1ZXhwAXQACWNoYXJhY3RlcnNyABNqYXZhLmxhbmcu
  Q2hhcmFjdGVyNItH2WsaJngCAAFDAAV2YWx1ZXhwAOl0AAVmbG9hdHNyAA9qYXZhLmxhbmcuRmxvYXTa7cmi2zzw7AIAAUYABXZhbHVleHEAfgAIP8AA
  AHQABmRvdWJsZXNyABBqYXZhLmxhbmcuRG91YmxlgLPCSilr+wQCAAFEAAV2YWx1ZXhxAH4ACH/4AAAAAAAAdAAFZW51bXN1cgAOW0xLaW5kcyRDb2xv
  cjvcJvD2OupFlAIAAHhwAAAAA35yAAtLaW5kcyRDb2xvcgAAAAAAAAAAEgAAeHIADmphdmEubGFuZy5FbnVtAAAAAAAAAAASAAB4cHQAA1JFRH5xAH4A
  JHQABUdSRUVOcQB+ACZ0AAVjbGFzc3ZyABBqYXZhLmxhbmcuU3RyaW5noPCkOHo7s0ICAAB4cHQAB2Rlcml2ZWRzcgANS2luZHMkRGVyaXZlZPY4I/xF
  CaLYAgALQgABYkoAA2JpZ0QAAWRGAAFmSQABaUMABmxldHRlclMAAXNKAAVzbWFsbFoAA3llc0wABG5hbWV0ABJMamF2YS9sYW5nL1N0cmluZztMAARz
  ZWxmdAASTGphdmEvbGFuZy9PYmplY3Q7eHIACktpbmRzJEJhc2U97syoDM8x1AIAA0kABWNvdW50TAAEbmFtZXEAfgAvTAADb3ducQB+AC94cAAAAAd0
  AARiYXNldAAHb2YgYmFzZf9//////////73xLgvoJtaVP8AAAIAAAAAA/P7UAAAAAAAAAAUBcQB+AC1xAH4AMnQABmN1c3RvbXNyAAxLaW5kcyRDdXN0
  b22l8sFon/WY2QMAAUwABGtlcHRxAH4AL3hwdAAEa2VwdHcIAAZjdXN0b21zcgARamF2YS51dGlsLkNvbGxTZXJXjqu2OhuoEQMAAUkAA3RhZ3hwAAAA
  AXcEAAAAAXQAAXh4egAAArwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAdAABeXh0AAhleHRlcm5hbHNyAA5LaW5kcyRFeHRlcm5hbDSDjxUElaUXDAAAeHB3BAAAAAFxAH4APXh0AAZyZWNv
  cmRzcgAKS2luZHMkUGFpcgAAAAAAAAAAAgACSQAFcmlnaHRMAARsZWZ0cQB+AC94cAAAAAJ0AAFsdAAFcHJveHlzfQAAAAEADEtpbmRzJEdyZWV0c3hy
  ABdqYXZhLmxhbmcucmVmbGVjdC5Qcm94eeEn2iDMEEPLAgABTAABaHQAJUxqYXZhL2xhbmcvcmVmbGVjdC9JbnZvY2F0aW9uSGFuZGxlcjt4cHNyAA1L
  aW5kcyRIYW5kbGVyiC1QxKI4gtICAAFMAAR3b3JkcQB+AC94cHQABWhlbGxvdAAEaW50c3VyAAJbSU26YCZ26rKlAgAAeHAAAAACAAAAAf////50AAVs
  b25nc3VyAAJbSnggBLUSsXWTAgAAeHAAAAACAAAAAAAAAAF//////////3QABWJ5dGVzdXIAAltCrPMX+AYIVOACAAB4cAAAAAH/dAAFY2hhcnN1cgAC
  W0OwJmaw4l2ErAIAAHhwAAAABABwAGEAcwBzdAAIYm9vbGVhbnN1cgACW1pXjyA5FLhd4gIAAHhwAAAAAgEAdAAHZG91Ymxlc3VyAAJbRD6mjBSrY1oe
  AgAAeHAAAAABP+AAAAAAAAB0AAZmbG9hdHN1cgACW0YLnIGJIuAMQgIAAHhwAAAAAT8AAAB0AAZzaG9ydHN1cgACW1Pvgy4G5V2w+gIAAHhwAAAAAf/+
  dAAHc3RyaW5nc3VyABNbTGphdmEubGFuZy5TdHJpbmc7rdJW5+kde0cCAAB4cAAAAAN0AAFhcHEAfgBndAAEZ3JpZHVyAANbW0kX9+RPGY+JPAIAAHhw
  AAAAAnVxAH4ATQAAAAEAAAABdXEAfgBNAAAAAgAAAAIAAAADdAAEdXVpZHNyAA5qYXZhLnV0aWwuVVVJRLyZA/eYbYUvAgACSgAMbGVhc3RTaWdCaXRz
  SgALbW9zdFNpZ0JpdHN4cI8+PysPb0oRCw58Opo1TE90AAxiaWcgaW50ZWdlcnNzcQB+ADkAAAABdwQAAAACc3IAFGphdmEubWF0aC5CaWdJbnRlZ2Vy
  jPyfH6k7+x0DAAZJAAhiaXRDb3VudEkACWJpdExlbmd0aEkAE2ZpcnN0Tm9uemVyb0J5dGVOdW1JAAxsb3dlc3RTZXRCaXRJAAZzaWdudW1bAAltYWdu
  aXR1ZGV0AAJbQnhxAH4ACP///////////////v////7/////dXEAfgBTAAAADRAAAAAAAAAAAAAAAAB4c3EAfgBy///////////////+/////gAAAAB1
  cQB+AFMAAAAAeHh0AAdkZWNpbWFsc3IAFGphdmEubWF0aC5CaWdEZWNpbWFsVMcVV/mBKE8DAAJJAAVzY2FsZUwABmludFZhbHQAFkxqYXZhL21hdGgv
  QmlnSW50ZWdlcjt4cQB+AAgAAAABc3EAfgBy///////////////+/////gAAAAF1cQB+AFMAAAABfXh4dAAEZGF0ZXNyAA5qYXZhLnV0aWwuRGF0ZWhq
  gQFLWXQZAwAAeHB3CAAAAZ5wRIgAeHQAB2luc3RhbnRzcgANamF2YS50aW1lLlNlcpVdhLobIkiyDAAAeHB3DQIAAAAAahilAAAAAAB4dAAJX19wcm90
  b19fcQB+AAR4AA==
`)

/** The map of collections. */
export const collections = fromBase64(`
  rO0ABXNyABdqYXZhLnV0aWwuTGlua2VkSGFzaE1hcDTATlwQbMD7AgABWgALYWNjZXNzT3JkZXJ4cgARamF2YS51dGlsLkhhc2hNYXAFB9rBwxZg0QMA
  AkYACmxvYWRGYWN0b3JJAAl0aHJlc2hvbGR4cD9AAAAAAABgdwgAAACAAAAAMXQACUFycmF5TGlzdHNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnH
  YZ0DAAFJAARzaXpleHAAAAADdwQAAAADdAABYXNyABFqYXZhLmxhbmcuSW50ZWdlchLioKT3gYc4AgABSQAFdmFsdWV4cgAQamF2YS5sYW5nLk51bWJl
  coaslR0LlOCLAgAAeHAAAAABcHh0AApMaW5rZWRMaXN0c3IAFGphdmEudXRpbC5MaW5rZWRMaXN0DClTXUpgiCIDAAB4cHcEAAAAAnQAAWJxAH4ABnh0
  AAZhc0xpc3RzcgAaamF2YS51dGlsLkFycmF5cyRBcnJheUxpc3TZpDy+zYgG0gIAAVsAAWF0ABNbTGphdmEvbGFuZy9PYmplY3Q7eHB1cgATW0xqYXZh
  LmxhbmcuU3RyaW5nO63SVufpHXtHAgAAeHAAAAACcQB+AA1xAH4ABnQACkFycmF5RGVxdWVzcgAUamF2YS51dGlsLkFycmF5RGVxdWUgfNouJA2giwMA
  AHhwdwQAAAACcQB+AA1xAH4ABnh0AAZWZWN0b3JzcgAQamF2YS51dGlsLlZlY3RvctmXfVuAO68BAwADSQARY2FwYWNpdHlJbmNyZW1lbnRJAAxlbGVt
  ZW50Q291bnRbAAtlbGVtZW50RGF0YXEAfgAQeHAAAAAAAAAAAnVyABNbTGphdmEubGFuZy5PYmplY3Q7kM5YnxBzKWwCAAB4cAAAAAJxAH4ADXEAfgAG
  eHQADVByaW9yaXR5UXVldWVzcgAXamF2YS51dGlsLlByaW9yaXR5UXVldWWU2jC0+z+CsQMAAkkABHNpemVMAApjb21wYXJhdG9ydAAWTGphdmEvdXRp
  bC9Db21wYXJhdG9yO3hwAAAAAnB3BAAAAANxAH4ABnEAfgANeHQAFUNvbmN1cnJlbnRMaW5rZWRRdWV1ZXNyACpqYXZhLnV0aWwuY29uY3VycmVudC5D
  b25jdXJyZW50TGlua2VkUXVldWUCuvsqZkxwjAMAAHhwcQB+AA1xAH4ABnB4dAAVQ29uY3VycmVudExpbmtlZERlcXVlc3IAKmphdmEudXRpbC5jb25j
  dXJyZW50LkNvbmN1cnJlbnRMaW5rZWREZXF1ZQwpU11KYIgiAwAAeHBxAH4ADXEAfgAGcHh0ABRDb3B5T25Xcml0ZUFycmF5TGlzdHNyAClqYXZhLnV0
  aWwuY29uY3VycmVudC5Db3B5T25Xcml0ZUFycmF5TGlzdHhdn9VGq5DDAwAAeHB3BAAAAAJxAH4ADXEAfgAGeHQACHN1YmNsYXNzc3IAB0tpbmRzJDGV
  SSj11qMXQQIAAHhyAAtLaW5kcyROYW1lc4H1U2AipHkkAgABTAAFb3duZXJ0ABJMamF2YS9sYW5nL1N0cmluZzt4cQB+AAQAAAABdwQAAAABdAABbnh0
  AAJtZXQAB0hhc2hTZXRzcgARamF2YS51dGlsLkhhc2hTZXS6RIWVlri3NAMAAHhwdwwAAAAQP0AAAAAAAAFxAH4ABnh0AA1MaW5rZWRIYXNoU2V0c3IA
  F2phdmEudXRpbC5MaW5rZWRIYXNoU2V02GzXWpXdKh4CAAB4cQB+ADF3DAAAABA/QAAAAAAAAnEAfgANcQB+AAZ4dAAHVHJlZVNldHNyABFqYXZhLnV0
  aWwuVHJlZVNldN2YUJOV7YdbAwAAeHBwdwQAAAACcQB+AAZxAH4ADXh0ABVDb25jdXJyZW50U2tpcExpc3RTZXRzcgAqamF2YS51dGlsLmNvbmN1cnJl
  bnQuQ29uY3VycmVudFNraXBMaXN0U2V03ZhQeb3P8VsCAAFMAAFtdAAtTGphdmEvdXRpbC9jb25jdXJyZW50L0NvbmN1cnJlbnROYXZpZ2FibGVNYXA7
  eHBzcgAqamF2YS51dGlsLmNvbmN1cnJlbnQuQ29uY3VycmVudFNraXBMaXN0TWFwiEZ1rgYRRqcDAAFMAApjb21wYXJhdG9ycQB+AB54cHBxAH4ABnNy
  ABFqYXZhLmxhbmcuQm9vbGVhbs0gcoDVnPruAgABWgAFdmFsdWV4cAFxAH4ADXEAfgBAcHh0ABNDb3B5T25Xcml0ZUFycmF5U2V0c3IAKGphdmEudXRp
  bC5jb25jdXJyZW50LkNvcHlPbldyaXRlQXJyYXlTZXRLvdCSkBVp1wIAAUwAAmFsdAArTGphdmEvdXRpbC9jb25jdXJyZW50L0NvcHlPbldyaXRlQXJy
  YXlMaXN0O3hwc3EAfgAndwQAAAACcQB+AA1xAH4ABnh0AAdFbnVtU2V0c3IAJGphdmEudXRpbC5FbnVtU2V0JFNlcmlhbGl6YXRpb25Qcm94eQUH09t2
  VMrRAgACTAALZWxlbWVudFR5cGV0ABFMamF2YS9sYW5nL0NsYXNzO1sACGVsZW1lbnRzdAARW0xqYXZhL2xhbmcvRW51bTt4cHZyAAtLaW5kcyRDb2xv
  cgAAAAAAAAAAEgAAeHIADmphdmEubGFuZy5FbnVtAAAAAAAAAAASAAB4cHVyABFbTGphdmEubGFuZy5FbnVtO6iN6i0z0i+YAgAAeHAAAAABfnEAfgBL
  dAADUkVEdAAJbmV3S2V5U2V0c3IAMWphdmEudXRpbC5jb25jdXJyZW50LkNvbmN1cnJlbnRIYXNoTWFwJEtleVNldFZpZXdkmd4SnYcpPQIAAUwABXZh
  bHVldAASTGphdmEvbGFuZy9PYmplY3Q7eHIANWphdmEudXRpbC5jb25jdXJyZW50LkNvbmN1cnJlbnRIYXNoTWFwJENvbGxlY3Rpb25WaWV3ZJneEp2H
  KT0CAAFMAANtYXB0AChMamF2YS91dGlsL2NvbmN1cnJlbnQvQ29uY3VycmVudEhhc2hNYXA7eHBzcgAmamF2YS51dGlsLmNvbmN1cnJlbnQuQ29uY3Vy
  cmVudEhhc2hNYXBkmd4SnYcpPQMAA0kAC3NlZ21lbnRNYXNrSQAMc2VnbWVudFNoaWZ0WwAIc2VnbWVudHN0ADFbTGphdmEvdXRpbC9jb25jdXJyZW50
  L0NvbmN1cnJlbnRIYXNoTWFwJFNlZ21lbnQ7eHAAAAAPAAAAHHVyADFbTGphdmEudXRpbC5jb25jdXJyZW50LkNvbmN1cnJlbnRIYXNoTWFwJFNlZ21l
  bnQ7Unc/QTKbOXQCAAB4cAAAABBzcgAuamF2YS51dGlsLmNvbmN1cnJlbnQuQ29uY3VycmVudEhhc2hNYXAkU2VnbWVudB82TJBYkyk9AgABRgAKbG9h
  ZEZhY3RvcnhyAChqYXZhLnV0aWwuY29uY3VycmVudC5sb2Nrcy5SZWVudHJhbnRMb2NrZlWoLCzIausCAAFMAARzeW5jdAAvTGphdmEvdXRpbC9jb25j
  dXJyZW50L2xvY2tzL1JlZW50cmFudExvY2skU3luYzt4cHNyADRqYXZhLnV0aWwuY29uY3VycmVudC5sb2Nrcy5SZWVudHJhbnRMb2NrJE5vbmZhaXJT
  eW5jZYgy51N7vwsCAAB4cgAtamF2YS51dGlsLmNvbmN1cnJlbnQubG9ja3MuUmVlbnRyYW50TG9jayRTeW5juB6ilKpEWnwCAAB4cgA1amF2YS51dGls
  LmNvbmN1cnJlbnQubG9ja3MuQWJzdHJhY3RRdWV1ZWRTeW5jaHJvbml6ZXJmVahDdT9S4wIAAUkABXN0YXRleHIANmphdmEudXRpbC5jb25jdXJyZW50
  LmxvY2tzLkFic3RyYWN0T3duYWJsZVN5bmNocm9uaXplcjPfr7mtbW+pAgAAeHAAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBh
  AAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AA
  AHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBd
  c3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEA
  AAAAP0AAAHQAAWtxAH4AQHBweHEAfgBAdAANbmV3U2V0RnJvbU1hcHNyACBqYXZhLnV0aWwuQ29sbGVjdGlvbnMkU2V0RnJvbU1hcCIQslBF8h/EAgAB
  TAABbXQAD0xqYXZhL3V0aWwvTWFwO3hwc3EAfgABP0AAAAAAAAx3CAAAABAAAAABcQB+AIRxAH4AQHh0AAdIYXNoTWFwc3EAfgABP0AAAAAAAAF3CAAA
  AAIAAAABcQB+AIR0AAF2eHQADUxpbmtlZEhhc2hNYXBzcQB+AAA/QAAAAAAAAXcIAAAAAgAAAAFxAH4AhHEAfgCMeAB0AAdUcmVlTWFwc3IAEWphdmEu
  dXRpbC5UcmVlTWFwDMH2Pi0lauYDAAFMAApjb21wYXJhdG9ycQB+AB54cHB3BAAAAAFxAH4AhHEAfgCMeHQACUhhc2h0YWJsZXNyABNqYXZhLnV0aWwu
  SGFzaHRhYmxlE7sPJSFK5LgDAAJGAApsb2FkRmFjdG9ySQAJdGhyZXNob2xkeHA/QAAAAAAACHcIAAAACwAAAAFxAH4AhHEAfgCMeHQAClByb3BlcnRp
  ZXNzcgAUamF2YS51dGlsLlByb3BlcnRpZXM5EtB6cDY+mAIAAUwACGRlZmF1bHRzdAAWTGphdmEvdXRpbC9Qcm9wZXJ0aWVzO3hxAH4Akz9AAAAAAAAC
  dwgAAAADAAAAAXEAfgCEcQB+AIx4cHQAEUNvbmN1cnJlbnRIYXNoTWFwc3EAfgBYAAAADwAAABx1cQB+AFsAAAAQc3EAfgBdc3EAfgBhAAAAAD9AAABz
  cQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNx
  AH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAA
  AD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNxAH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABzcQB+AF1zcQB+AGEAAAAAP0AAAHNx
  AH4AXXNxAH4AYQAAAAA/QAAAc3EAfgBdc3EAfgBhAAAAAD9AAABxAH4AhHEAfgCMcHB4dAAVQ29uY3VycmVudFNraXBMaXN0TWFwc3EAfgA9cHEAfgCE
  cQB+AIxweHQAB0VudW1NYXBzcgARamF2YS51dGlsLkVudW1NYXAGXX33vpB8oQMAAUwAB2tleVR5cGVxAH4ASHhwcQB+AE13BAAAAAFxAH4AUHEAfgCM
  eHQAD0lkZW50aXR5SGFzaE1hcHNyABlqYXZhLnV0aWwuSWRlbnRpdHlIYXNoTWFwcaJlATPy6YADAAFJAARzaXpleHAAAAABdwQAAAABcQB+AIRxAH4A
  jHh0AAhvZGQga2V5c3NxAH4AAT9AAAAAAAAMdwgAAAAQAAAABHBxAH4ACXNyABFqYXZhLnV0aWwuQ29sbFNlcleOq7Y6G6gRAwABSQADdGFneHAAAAAB
  dwQAAAABcQB+AAZ4c3EAfgAHAAAAAnNyAA5qYXZhLmxhbmcuTG9uZzuL5JDMjyPfAgABSgAFdmFsdWV4cQB+AAgAAAAAAAAABXNxAH4ABwAAAANxAH4A
  UHNxAH4ABwAAAAR4dAAHTGlzdC5vZnNxAH4AxgAAAAF3BAAAAAJxAH4ADXEAfgAGeHQADUxpc3Qub2YgdGhyZWVzcQB+AMYAAAABdwQAAAADcQB+AAlx
  AH4AyHEAfgDLeHQABlNldC5vZnNxAH4AxgAAAAJ3BAAAAAFxAH4ABnh0AAZNYXAub2ZzcQB+AMYAAAADdwQAAAACcQB+AIRxAH4AjHh0AAZ0b0xpc3Rz
  cQB+AMYAAAAEdwQAAAACcQB+AAZweHQACWVtcHR5TGlzdHNyAB9qYXZhLnV0aWwuQ29sbGVjdGlvbnMkRW1wdHlMaXN0ergXtDynnt4CAAB4cHQACGVt
  cHR5U2V0c3IAHmphdmEudXRpbC5Db2xsZWN0aW9ucyRFbXB0eVNldBX1ch20A8soAgAAeHB0AAhlbXB0eU1hcHNyAB5qYXZhLnV0aWwuQ29sbGVjdGlv
  bnMkRW1wdHlNYXBZNhSFWtzn0AIAAHhwdAANc2luZ2xldG9uTGlzdHNyACNqYXZhLnV0aWwuQ29sbGVjdGlvbnMkU2luZ2xldG9uTGlzdCrvKRA8p5uX
  AgABTAAHZWxlbWVudHEAfgBUeHBxAH4ABnQACXNpbmdsZXRvbnNyACJqYXZhLnV0aWwuQ29sbGVjdGlvbnMkU2luZ2xldG9uU2V0LFJBmCnAsb8CAAFM
  AAdlbGVtZW50cQB+AFR4cHEAfgAGdAAMc2luZ2xldG9uTWFwc3IAImphdmEudXRpbC5Db2xsZWN0aW9ucyRTaW5nbGV0b25NYXCfIwmRcX9rkQIAAkwA
  AWtxAH4AVEwAAXZxAH4AVHhwcQB+AIRxAH4AjHQAEHVubW9kaWZpYWJsZUxpc3RzcgAmamF2YS51dGlsLkNvbGxlY3Rpb25zJFVubW9kaWZpYWJsZUxp
  c3T8DyUxteyOEAIAAUwABGxpc3R0ABBMamF2YS91dGlsL0xpc3Q7eHIALGphdmEudXRpbC5Db2xsZWN0aW9ucyRVbm1vZGlmaWFibGVDb2xsZWN0aW9u
  GUIAgMte9x4CAAFMAAFjdAAWTGphdmEvdXRpbC9Db2xsZWN0aW9uO3hwc3EAfgAEAAAAAXcEAAAAAXEAfgAGeHEAfgDvdAAPdW5tb2RpZmlhYmxlU2V0
  c3IAJWphdmEudXRpbC5Db2xsZWN0aW9ucyRVbm1vZGlmaWFibGVTZXSAHZLRj5uAVQIAAHhxAH4A7HNxAH4AN3B3BAAAAAFxAH4ABnh0AA91bm1vZGlm
  aWFibGVNYXBzcgAlamF2YS51dGlsLkNvbGxlY3Rpb25zJFVubW9kaWZpYWJsZU1hcPGlqP509QdCAgABTAABbXEAfgCHeHBzcQB+AAE/QAAAAAAAAXcI
  AAAAAgAAAAFxAH4AhHEAfgCMeHQAEHN5bmNocm9uaXplZExpc3RzcgAmamF2YS51dGlsLkNvbGxlY3Rpb25zJFN5bmNocm9uaXplZExpc3SUY+/jg0QQ
  fAIAAUwABGxpc3RxAH4A63hyACxqYXZhLnV0aWwuQ29sbGVjdGlvbnMkU3luY2hyb25pemVkQ29sbGVjdGlvbiph+E0JnJm1AwACTAABY3EAfgDtTAAF
  bXV0ZXhxAH4AVHhwc3EAfgAEAAAAAXcEAAAAAXEAfgAGeHEAfgD7eHEAfgD8dAAPc3luY2hyb25pemVkU2V0c3IAJWphdmEudXRpbC5Db2xsZWN0aW9u
  cyRTeW5jaHJvbml6ZWRTZXQGw8J5Au7fPAIAAHhxAH4A+nNxAH4AMXcMAAAAED9AAAAAAAABcQB+AAZ4cQB+AP94dAAPc3luY2hyb25pemVkTWFwc3IA
  JWphdmEudXRpbC5Db2xsZWN0aW9ucyRTeW5jaHJvbml6ZWRNYXAbc/kJS0s5ewMAAkwAAW1xAH4Ah0wABW11dGV4cQB+AFR4cHNxAH4AAT9AAAAAAAAB
  dwgAAAACAAAAAXEAfgCEcQB+AIx4cQB+AQN4dAALY2hlY2tlZExpc3RzcgAtamF2YS51dGlsLkNvbGxlY3Rpb25zJENoZWNrZWRSYW5kb21BY2Nlc3NM
  aXN0FrwOVaLX8vECAAB4cgAhamF2YS51dGlsLkNvbGxlY3Rpb25zJENoZWNrZWRMaXN0AOfOdpLEX3wCAAFMAARsaXN0cQB+AOt4cgAnamF2YS51dGls
  LkNvbGxlY3Rpb25zJENoZWNrZWRDb2xsZWN0aW9uFelt/RjmzG8CAANMAAFjcQB+AO1MAAR0eXBlcQB+AEhbABZ6ZXJvTGVuZ3RoRWxlbWVudEFycmF5
  cQB+ABB4cHNxAH4ABAAAAAF3BAAAAAFxAH4ABnh2cgAQamF2YS5sYW5nLlN0cmluZ6DwpDh6O7NCAgAAeHBwcQB+AQp0AApjaGVja2VkTWFwc3IAIGph
  dmEudXRpbC5Db2xsZWN0aW9ucyRDaGVja2VkTWFwT7K83w0YY2gCAANMAAdrZXlUeXBlcQB+AEhMAAFtcQB+AIdMAAl2YWx1ZVR5cGVxAH4ASHhwcQB+
  AQxzcQB+AAE/QAAAAAAAAXcIAAAAAgAAAAFxAH4AhHEAfgCMeHEAfgEMdAAKbGlzdCBhZ2FpbnEAfgDOdAAJbWFwIGFnYWlucQB+ANR4AA==
`)

/** `list.add(list); map.put("list", list); map.put("again", list); map.put("self", map)` */
export const cycle = fromBase64(`
  rO0ABXNyABdqYXZhLnV0aWwuTGlua2VkSGFzaE1hcDTATlwQbMD7AgABWgALYWNjZXNzT3JkZXJ4cgARamF2YS51dGlsLkhhc2hNYXAFB9rBwxZg0QMA
  AkYACmxvYWRGYWN0b3JJAAl0aHJlc2hvbGR4cD9AAAAAAAAMdwgAAAAQAAAAA3QABGxpc3RzcgATamF2YS51dGlsLkFycmF5TGlzdHiB0h2Zx2GdAwAB
  SQAEc2l6ZXhwAAAAAncEAAAAAnQAAWFxAH4ABXh0AAVhZ2FpbnEAfgAFdAAEc2VsZnEAfgACeAA=
`)

/** What `new Object[] { "a", new Object() }` leaves behind: NotSerializableException. */
export const exception = fromBase64(`
  rO0ABXVyABNbTGphdmEubGFuZy5PYmplY3Q7kM5YnxBzKWwCAAB4cAAAAAJ0AAFhe3NyACBqYXZhLmlvLk5vdFNlcmlhbGl6YWJsZUV4Y2VwdGlvbihW
  eADnhhY1AgAAeHIAHWphdmEuaW8uT2JqZWN0U3RyZWFtRXhjZXB0aW9uZMPka405+98CAAB4cgATamF2YS5pby5JT0V4Y2VwdGlvbmyAc2RlJfCrAgAA
  eHIAE2phdmEubGFuZy5FeGNlcHRpb27Q/R8+GjscxAIAAHhyABNqYXZhLmxhbmcuVGhyb3dhYmxl1cY1Jzl3uMsDAARMAAVjYXVzZXQAFUxqYXZhL2xh
  bmcvVGhyb3dhYmxlO0wADWRldGFpbE1lc3NhZ2V0ABJMamF2YS9sYW5nL1N0cmluZztbAApzdGFja1RyYWNldAAeW0xqYXZhL2xhbmcvU3RhY2tUcmFj
  ZUVsZW1lbnQ7TAAUc3VwcHJlc3NlZEV4Y2VwdGlvbnN0ABBMamF2YS91dGlsL0xpc3Q7eHBxAH4ACXQAEGphdmEubGFuZy5PYmplY3R1cgAeW0xqYXZh
  LmxhbmcuU3RhY2tUcmFjZUVsZW1lbnQ7AkYqPDz9IjkCAAB4cAAAAAVzcgAbamF2YS5sYW5nLlN0YWNrVHJhY2VFbGVtZW50YQnFmiY23YUCAAhCAAZm
  b3JtYXRJAApsaW5lTnVtYmVyTAAPY2xhc3NMb2FkZXJOYW1lcQB+AAZMAA5kZWNsYXJpbmdDbGFzc3EAfgAGTAAIZmlsZU5hbWVxAH4ABkwACm1ldGhv
  ZE5hbWVxAH4ABkwACm1vZHVsZU5hbWVxAH4ABkwADW1vZHVsZVZlcnNpb25xAH4ABnhwAgAABKNwdAAaamF2YS5pby5PYmplY3RPdXRwdXRTdHJlYW10
  ABdPYmplY3RPdXRwdXRTdHJlYW0uamF2YXQADHdyaXRlT2JqZWN0MHQACWphdmEuYmFzZXQABzE3LjAuMTVzcQB+AA0CAAAFZXBxAH4AD3EAfgAQdAAK
  d3JpdGVBcnJheXEAfgAScQB+ABNzcQB+AA0CAAAEmXBxAH4AD3EAfgAQcQB+ABFxAH4AEnEAfgATc3EAfgANAgAAAV5wcQB+AA9xAH4AEHQAC3dyaXRl
  T2JqZWN0cQB+ABJxAH4AE3NxAH4ADQEAAABjdAADYXBwdAAFS2luZHN0AApLaW5kcy5qYXZhdAAEbWFpbnBwc3IAH2phdmEudXRpbC5Db2xsZWN0aW9u
  cyRFbXB0eUxpc3R6uBe0PKee3gIAAHhweA==
`)
