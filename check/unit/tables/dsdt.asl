// SPDX-License-Identifier: BSD-3-Clause
// \_S5 has type 5 for PM1a and the sleep control register, 4 for PM1b.
DefinitionBlock ("", "DSDT", 1, "CHECK", "CHECK", 1)
{
    // Bytes that only look like the name.
    Name (BUF0, Buffer () { 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x06, 0x04, 0x0a, 0x01 })
    Name (\_S5, Package (4) { 0x05, 0x04, Zero, Zero })
    Device (\_SB.PCI0)
    {
        Name (_HID, EisaId ("PNP0A08"))
    }
}
