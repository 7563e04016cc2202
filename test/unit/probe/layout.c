/* Prints values of the kernel headers for layout.test.ts: `name value` lines. Skips names that older headers lack. */
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include VFIO_HEADER
#ifdef IOMMUFD_HEADER
#include IOMMUFD_HEADER
#endif

/* Without the bits that _IO() adds in some machines, as probe/ioctl.ts has it. */
#define IOCTL(name) printf("%s %llu\n", #name, (unsigned long long)((name) ^ _IO(0, 0)))
#define NUMBER(name) printf("%s %llu\n", #name, (unsigned long long)(name))
#define SIZE(type) printf("%s %zu\n", #type, sizeof(struct type))
#define FIELD(type, field)                                                     \
  printf("%s.%s %zu:%zu\n", #type, #field, offsetof(struct type, field),       \
         sizeof(((struct type *)0)->field))

int main(void) {
  IOCTL(VFIO_GET_API_VERSION);
  IOCTL(VFIO_CHECK_EXTENSION);
  IOCTL(VFIO_SET_IOMMU);
  IOCTL(VFIO_GROUP_GET_STATUS);
  IOCTL(VFIO_GROUP_SET_CONTAINER);
  IOCTL(VFIO_GROUP_GET_DEVICE_FD);
  IOCTL(VFIO_DEVICE_GET_INFO);
  IOCTL(VFIO_DEVICE_GET_REGION_INFO);
  IOCTL(VFIO_DEVICE_GET_IRQ_INFO);
  NUMBER(VFIO_API_VERSION);
  NUMBER(VFIO_TYPE1v2_IOMMU);
  NUMBER(VFIO_GROUP_FLAGS_VIABLE);
  NUMBER(VFIO_REGION_INFO_FLAG_CAPS);
  NUMBER(VFIO_REGION_INFO_CAP_SPARSE_MMAP);
  NUMBER(VFIO_REGION_INFO_CAP_TYPE);
  NUMBER(VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);

  NUMBER(VFIO_DEVICE_FLAGS_RESET);
  NUMBER(VFIO_DEVICE_FLAGS_PCI);
  NUMBER(VFIO_DEVICE_FLAGS_PLATFORM);
  NUMBER(VFIO_DEVICE_FLAGS_AMBA);
  NUMBER(VFIO_DEVICE_FLAGS_CCW);
  NUMBER(VFIO_DEVICE_FLAGS_AP);
  NUMBER(VFIO_DEVICE_FLAGS_FSL_MC);
  NUMBER(VFIO_DEVICE_FLAGS_CAPS);
#ifdef VFIO_DEVICE_FLAGS_CDX
  NUMBER(VFIO_DEVICE_FLAGS_CDX);
#endif
  NUMBER(VFIO_REGION_INFO_FLAG_READ);
  NUMBER(VFIO_REGION_INFO_FLAG_WRITE);
  NUMBER(VFIO_REGION_INFO_FLAG_MMAP);
  NUMBER(VFIO_IRQ_INFO_EVENTFD);
  NUMBER(VFIO_IRQ_INFO_MASKABLE);
  NUMBER(VFIO_IRQ_INFO_AUTOMASKED);
  NUMBER(VFIO_IRQ_INFO_NORESIZE);
  NUMBER(VFIO_PCI_BAR0_REGION_INDEX);
  NUMBER(VFIO_PCI_BAR5_REGION_INDEX);
  NUMBER(VFIO_PCI_ROM_REGION_INDEX);
  NUMBER(VFIO_PCI_CONFIG_REGION_INDEX);
  NUMBER(VFIO_PCI_VGA_REGION_INDEX);
  NUMBER(VFIO_PCI_INTX_IRQ_INDEX);
  NUMBER(VFIO_PCI_MSI_IRQ_INDEX);
  NUMBER(VFIO_PCI_MSIX_IRQ_INDEX);
  NUMBER(VFIO_PCI_ERR_IRQ_INDEX);
  NUMBER(VFIO_PCI_REQ_IRQ_INDEX);

  SIZE(vfio_group_status);
  FIELD(vfio_group_status, argsz);
  FIELD(vfio_group_status, flags);
  FIELD(vfio_device_info, argsz);
  FIELD(vfio_device_info, flags);
  FIELD(vfio_device_info, num_regions);
  FIELD(vfio_device_info, num_irqs);
  FIELD(vfio_device_info, cap_offset);
  SIZE(vfio_region_info);
  FIELD(vfio_region_info, argsz);
  FIELD(vfio_region_info, flags);
  FIELD(vfio_region_info, index);
  FIELD(vfio_region_info, cap_offset);
  FIELD(vfio_region_info, size);
  FIELD(vfio_region_info, offset);
  SIZE(vfio_irq_info);
  FIELD(vfio_irq_info, argsz);
  FIELD(vfio_irq_info, flags);
  FIELD(vfio_irq_info, index);
  FIELD(vfio_irq_info, count);
  SIZE(vfio_info_cap_header);
  FIELD(vfio_info_cap_header, id);
  FIELD(vfio_info_cap_header, version);
  FIELD(vfio_info_cap_header, next);
  SIZE(vfio_region_info_cap_sparse_mmap);
  FIELD(vfio_region_info_cap_sparse_mmap, nr_areas);
  SIZE(vfio_region_sparse_mmap_area);
  FIELD(vfio_region_sparse_mmap_area, offset);
  FIELD(vfio_region_sparse_mmap_area, size);
  SIZE(vfio_region_info_cap_type);
  FIELD(vfio_region_info_cap_type, type);
  FIELD(vfio_region_info_cap_type, subtype);

#ifdef VFIO_DEVICE_BIND_IOMMUFD
  IOCTL(VFIO_DEVICE_BIND_IOMMUFD);
  IOCTL(VFIO_DEVICE_ATTACH_IOMMUFD_PT);
  FIELD(vfio_device_bind_iommufd, argsz);
  FIELD(vfio_device_bind_iommufd, flags);
  FIELD(vfio_device_bind_iommufd, iommufd);
  FIELD(vfio_device_bind_iommufd, out_devid);
  FIELD(vfio_device_attach_iommufd_pt, argsz);
  FIELD(vfio_device_attach_iommufd_pt, flags);
  FIELD(vfio_device_attach_iommufd_pt, pt_id);
#endif
#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
  /* Linux 6.17 added the padding of the GET_INFO struct and the token of BIND. */
  NUMBER(VFIO_DEVICE_BIND_FLAG_TOKEN);
  SIZE(vfio_device_info);
  SIZE(vfio_device_bind_iommufd);
  FIELD(vfio_device_bind_iommufd, token_uuid_ptr);
#endif
#ifdef VFIO_DEVICE_ATTACH_PASID
  SIZE(vfio_device_attach_iommufd_pt);
#endif
#ifdef IOMMUFD_HEADER
  IOCTL(IOMMU_IOAS_ALLOC);
  SIZE(iommu_ioas_alloc);
  FIELD(iommu_ioas_alloc, size);
  FIELD(iommu_ioas_alloc, flags);
  FIELD(iommu_ioas_alloc, out_ioas_id);
#endif
  return 0;
}
