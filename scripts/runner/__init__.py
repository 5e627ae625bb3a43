# SPDX-License-Identifier: BSD-3-Clause
"""Host side of virtio-iommu-tests: boots the image under a VMM and judges what it prints."""
