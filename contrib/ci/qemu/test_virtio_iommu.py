#!/usr/bin/env python3
#
# SPDX-License-Identifier: BSD-3-Clause
'''
Judge the virtio-iommu device by virtio-iommu-tests.

QEMU_TEST_VIRTIO_IOMMU_TESTS is the program to run: virtio-iommu-tests of an
installed suite, or run_tests.sh of an unpacked one. Without it, the one on
PATH is taken; if there is none, the test is skipped.
'''

import json
import os
import subprocess

from qemu_test import QemuSystemTest, which


class VirtioIommu(QemuSystemTest):
    '''The suite boots an image of its own, once for each set-up'''

    # Exit statuses of the suite
    ALL_AS_EXPECTED, RED, NOTHING_RAN = 0, 1, 3

    # What is known to deviate, if this tree has such a file
    EXPECTATIONS = ('data', 'virtio-iommu', 'expectations')

    def test_conformance(self):
        '''All that the expectations do not list is as the standard says'''
        suite = (os.getenv('QEMU_TEST_VIRTIO_IOMMU_TESTS')
                 or which('virtio-iommu-tests'))
        if not suite:
            self.skipTest('virtio-iommu-tests is not installed and '
                          'QEMU_TEST_VIRTIO_IOMMU_TESTS is not set')
        self.require_accelerator('tcg')
        self.require_device('virtio-iommu-pci')

        results = self.log_file('results.json')
        status, text = self.run_suite(suite, results)
        if status == self.NOTHING_RAN:
            self.skipTest(text.strip().splitlines()[-1])
        if status == self.RED:
            self.fail(self.red_tests(results))
        self.assertEqual(status, self.ALL_AS_EXPECTED, text)

    def run_suite(self, suite, results):
        '''Returns the exit status, and what the suite printed'''
        command = [suite, '--arch', self.arch,
                   '--vmm-path', os.path.abspath(self.qemu_bin),
                   '--strict', '--output', self.log_file('virtio-iommu'),
                   '--json', results]
        expectations = self.data_file(*self.EXPECTATIONS)
        if os.path.exists(expectations):
            command += ['--expect', expectations]
        self.log.info('Running %s', ' '.join(command))
        done = subprocess.run(command, cwd=self.scratch_file(), text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.log.info('%s', done.stdout)
        return done.returncode, done.stdout

    @staticmethod
    def seen(test):
        '''Returns what a test saw, and what the expectations say to it'''
        words = [f"expected {test['expected']}"] * bool(test['expected'])
        words += [f"got {test['actual']}"] * bool(test['actual'])
        words += [test['reason'], test['expectation']]
        return ', '.join(filter(None, words))

    def red_tests(self, results):
        '''Returns what is not as expected, with the commands that show it'''
        with open(results, encoding='utf-8') as file:
            data = json.load(file)
        lines = ['the virtio-iommu device deviates:']
        for run in data['runs']:
            for test in run['tests']:
                if test['red']:
                    lines += [f"{test['verdict']}: {run['name']} {test['id']}:"
                              f" {self.seen(test)}",
                              f"    {test['reproduce']}"]
        return '\n'.join(lines + data['stale'])


if __name__ == '__main__':
    QemuSystemTest.main()
